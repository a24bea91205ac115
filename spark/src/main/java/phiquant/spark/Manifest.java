package phiquant.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.publish.Publication;

/**
 * What is noted of an artifact when all of it is written, just before it gets its name, so that the
 * same job need not make it again: what it was made from, and which files it is. A file that was
 * replaced since is another one by its number on the disk or its size.
 *
 * @param file where it is kept: in a hidden folder beside the artifact
 */
record Manifest(Path file) {
  private static final String FOLDER = ".phiquant-made";

  /** Of the artifact at a destination. */
  static Manifest of(Path destination) {
    Path place = destination.toAbsolutePath();
    return new Manifest(place.resolveSibling(FOLDER).resolve(place.getFileName() + ".txt"));
  }

  /** Notes that the artifact, which grows at a place still, is complete. */
  void write(String made, ArtifactPlan plan, Path place) throws IOException {
    Publication.write(file, text(made, plan, place), true);
  }

  /** Whether the artifact that lies there is the one that was noted, made from the same. */
  boolean holds(String made, ArtifactPlan plan, Path artifact) {
    Optional<String> noted = noted();
    try {
      return noted.isPresent() && noted.get().equals(text(made, plan, artifact));
    } catch (IOException e) {
      return false; // One of its files is not there.
    }
  }

  /**
   * Whether anything is noted: only {@link #holds} says whether that is true of what lies there.
   */
  boolean exists() {
    return Files.isRegularFile(file);
  }

  /** What is noted; nothing if nothing is. */
  String text() {
    return noted().orElse("");
  }

  private Optional<String> noted() {
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String text(String made, ArtifactPlan plan, Path artifact) throws IOException {
    StringBuilder text = new StringBuilder("made from " + made + "\n");
    for (PlannedFile planned : plan.files()) {
      BasicFileAttributes found =
          Files.readAttributes(plan.place(planned, artifact), BasicFileAttributes.class);
      // Windows has no numbers.
      Object which = found.fileKey() == null ? found.lastModifiedTime() : found.fileKey();
      text.append("%s %d %s\n".formatted(planned.path(), found.size(), which));
    }
    return text.toString();
  }
}
