package phiquant.pipeline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.target.ArtifactPlan;
import phiquant.target.PlannedFile;

/**
 * An artifact on its way to the disk. It grows under a temporary name beside its destination and is
 * renamed when it is complete and synced, so that it appears whole or not at all; what was there
 * before stays until then.
 */
final class Output implements AutoCloseable {
  private final ArtifactPlan plan;
  private final Path destination;
  private final Path temporary;
  private final List<OutputFile> files = new ArrayList<>();
  private boolean committed;

  private Output(ArtifactPlan plan, Path destination, Path temporary) {
    this.plan = plan;
    this.destination = destination;
    this.temporary = temporary;
  }

  /**
   * Creates the temporary files at their full size and writes what is known of them.
   *
   * @throws UserError if the destination exists and may not be overwritten, or cannot be written
   */
  static Output begin(ArtifactPlan plan, Path destination, boolean overwrite) {
    if (Files.exists(destination) && !overwrite) {
      throw new UserError(
          destination + " exists already.", "Give --overwrite to replace it, or another output.");
    }
    Path parent = destination.toAbsolutePath().getParent();
    String prefix = "." + destination.getFileName() + ".partial-";
    Path temporary = parent.resolve(prefix + ProcessHandle.current().pid());
    Output output = new Output(plan, destination, temporary);
    try {
      Files.createDirectories(parent);
      removeStale(parent, prefix);
      output.create();
    } catch (IOException e) {
      output.close();
      throw cannotWrite(destination, e);
    }
    return output;
  }

  private void create() throws IOException {
    if (!plan.singleFile()) {
      Files.createDirectory(temporary);
    }
    for (PlannedFile file : plan.files()) {
      Path path = plan.singleFile() ? sibling(file) : temporary.resolve(file.path());
      Files.createDirectories(path.getParent());
      OutputFile output = new OutputFile(path, file.size());
      files.add(output);
      if (file.size() > 0) {
        output.write(MemorySegment.ofArray(new byte[1]), file.size() - 1);
      }
      for (PlannedFile.Fixed fixed : file.fixed()) {
        output.write(MemorySegment.ofArray(fixed.bytes()), fixed.offset());
      }
    }
  }

  /** The temporary name of a single-file artifact's only file. */
  private Path sibling(PlannedFile file) {
    if (plan.files().size() != 1) {
      throw new IllegalStateException(file.path() + ": a single-file artifact has one file");
    }
    return temporary;
  }

  ArtifactPlan plan() {
    return plan;
  }

  Path destination() {
    return destination;
  }

  /** Writes bytes at their place in a file. Thread-safe. */
  void write(int file, MemorySegment bytes, long offset) throws IOException {
    files.get(file).write(bytes, offset);
  }

  /** Brings what was written so far to the disk. */
  void flush() throws IOException {
    for (OutputFile file : files) {
      file.flush();
    }
  }

  /** Syncs the files and gives the artifact its name. */
  void commit() throws IOException {
    for (OutputFile file : files) {
      file.sync(true);
      file.close();
    }
    Path old = destination.resolveSibling(temporary.getFileName() + ".old");
    boolean replaces = Files.isDirectory(destination);
    if (replaces) {
      Files.move(destination, old, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(temporary, destination, StandardCopyOption.ATOMIC_MOVE);
    committed = true;
    try (FileChannel folder = FileChannel.open(destination.toAbsolutePath().getParent())) {
      folder.force(true);
    }
    if (replaces) {
      delete(old);
    }
  }

  /** Removes what is not committed. */
  @Override
  public void close() {
    for (OutputFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (!committed) {
      delete(temporary);
    }
  }

  /** What a killed run left behind goes away when the next one begins. */
  private static void removeStale(Path parent, String prefix) throws IOException {
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(parent, escape(prefix) + "*")) {
      for (Path leftover : leftovers) {
        String process = leftover.getFileName().toString().substring(prefix.length());
        if (process.matches("\\d{1,18}") && ProcessHandle.of(Long.parseLong(process)).isEmpty()) {
          delete(leftover);
        }
      }
    }
  }

  private static String escape(String glob) {
    return glob.replaceAll("([\\\\*?\\[\\]{}])", "\\\\$1");
  }

  private static void delete(Path path) {
    try (Stream<Path> found = Files.walk(path)) {
      for (Path each : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (java.nio.file.NoSuchFileException e) {
      // Gone already, which is what was wanted.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static UserError cannotWrite(Path destination, IOException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    if (reason.contains("No space left")) {
      return new UserError(destination + ": the disk is full; nothing was left behind.", e);
    }
    if (e instanceof FileAlreadyExistsException) {
      reason += " is a file, not a folder";
    }
    return new UserError(destination + " cannot be written: " + reason + ".", e);
  }
}
