package phiquant.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;

/**
 * What {@link Manifest} is for an artifact in a store. It is written last: an artifact of several
 * files, which no store lets appear in one step, is complete when this is there and true.
 */
record StoreManifest(StorePath artifact) {
  private static final String FOLDER = ".phiquant-made";

  /** Of the artifact at a destination. */
  static StoreManifest of(Path destination) {
    return new StoreManifest(StorePath.of(destination).orElseThrow());
  }

  private StorePath file() {
    return artifact.parent().resolve(FOLDER + "/" + artifact.name() + ".txt");
  }

  /** Where one of the artifact's files is. */
  StorePath place(ArtifactPlan plan, PlannedFile planned) {
    return plan.singleFile() ? artifact : artifact.resolve(planned.path());
  }

  /** What is noted; nothing if nothing is. */
  String text() {
    try {
      org.apache.hadoop.fs.Path path = file().path();
      byte[] bytes = new byte[(int) file().store().getFileStatus(path).getLen()];
      try (FSDataInputStream in = file().store().open(path)) {
        in.readFully(0, bytes);
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  boolean exists() {
    return !text().isEmpty();
  }

  /** Whether the artifact that lies there is the one that was noted, made from the same. */
  boolean holds(String made, ArtifactPlan plan) {
    try {
      String noted = text();
      return !noted.isEmpty() && noted.equals(text(made, plan));
    } catch (IOException e) {
      return false; // One of its files is not there.
    }
  }

  /** Notes that the artifact is complete. */
  void write(String made, ArtifactPlan plan) throws IOException {
    try (OutputStream out = file().store().create(file().path(), true)) {
      out.write(text(made, plan).getBytes(StandardCharsets.UTF_8));
    }
  }

  private String text(String made, ArtifactPlan plan) throws IOException {
    StringBuilder text = new StringBuilder("made from " + made + "\n");
    for (PlannedFile planned : plan.files()) {
      StorePath place = place(plan, planned);
      FileStatus found = place.store().getFileStatus(place.path());
      text.append(
          "%s %d %s\n".formatted(planned.path(), found.getLen(), HadoopFiles.version(found)));
    }
    return text.toString();
  }
}
