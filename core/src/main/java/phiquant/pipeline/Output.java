package phiquant.pipeline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.publish.Publication;

/**
 * An artifact on its way to the disk: its files, at their full size from the beginning, as a {@link
 * Publication} that appears when they are complete and synced.
 */
final class Output implements Growing {
  private final ArtifactPlan plan;
  private final Path destination;
  private final Publication publication;
  private final List<OutputFile> files = new ArrayList<>();

  private Output(ArtifactPlan plan, Path destination, Publication publication) {
    this.plan = plan;
    this.destination = destination;
    this.publication = publication;
  }

  /**
   * Creates the files at their full size and writes what is known of them.
   *
   * @throws UserError if the destination exists and may not be overwritten, or cannot be written
   */
  static Output begin(ArtifactPlan plan, Path destination, boolean overwrite) {
    Publication publication = Publication.begin(destination, overwrite);
    Output output = new Output(plan, destination, publication);
    try {
      output.create();
    } catch (IOException e) {
      output.close();
      throw Publication.cannotWrite(destination, e);
    }
    return output;
  }

  private void create() throws IOException {
    if (plan.singleFile() && plan.files().size() != 1) {
      throw new IllegalStateException(plan.name() + ": a single-file artifact has one file");
    }
    for (PlannedFile file : plan.files()) {
      Path path = plan.place(file, publication.path());
      Files.createDirectories(path.getParent());
      OutputFile output = OutputFile.create(path, file.size());
      files.add(output);
      if (file.size() > 0) {
        output.write(MemorySegment.ofArray(new byte[1]), file.size() - 1);
      }
      for (PlannedFile.Fixed fixed : file.fixed()) {
        output.write(MemorySegment.ofArray(fixed.bytes()), fixed.offset());
      }
    }
  }

  @Override
  public ArtifactPlan plan() {
    return plan;
  }

  @Override
  public Path destination() {
    return destination;
  }

  /** Where it grows: a file or a folder, as its plan says. */
  Path place() {
    return publication.path();
  }

  /** What was found of a dead run, in a sentence each. */
  List<String> notices() {
    return publication.notices();
  }

  @Override
  public void write(int file, MemorySegment bytes, long offset) throws IOException {
    files.get(file).write(bytes, offset);
  }

  @Override
  public void flush() throws IOException {
    for (OutputFile file : files) {
      file.flush();
    }
  }

  /** Brings everything to the disk; nothing more can be written. */
  void complete() throws IOException {
    for (OutputFile file : files) {
      file.sync(true);
      file.close();
    }
  }

  /** Gives the artifact, which is complete, its name. */
  void publish() throws IOException {
    publication.publish();
  }

  /** Removes what is not published. */
  @Override
  public void close() {
    for (OutputFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    publication.close();
  }
}
