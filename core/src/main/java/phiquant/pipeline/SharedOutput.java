package phiquant.pipeline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import phiquant.UserError;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;

/**
 * An artifact that another process has begun, perhaps on another machine, and of which this one
 * writes a part. The file system is common to both. Who has begun it publishes it.
 */
public final class SharedOutput implements Growing {
  private final ArtifactPlan plan;
  private final Path place;
  private final OutputFile[] files;

  /**
   * Opens nothing yet.
   *
   * @param place where it grows
   */
  public SharedOutput(ArtifactPlan plan, Path place) {
    this.plan = plan;
    this.place = place;
    this.files = new OutputFile[plan.files().size()];
  }

  @Override
  public ArtifactPlan plan() {
    return plan;
  }

  @Override
  public Path destination() {
    return place;
  }

  @Override
  public void write(int file, MemorySegment bytes, long offset) throws IOException {
    file(file).write(bytes, offset);
  }

  private synchronized OutputFile file(int index) throws IOException {
    if (files[index] == null) {
      PlannedFile planned = plan.files().get(index);
      Path path = plan.place(planned, place);
      try {
        files[index] = OutputFile.open(path, planned.size());
      } catch (NoSuchFileException e) {
        throw new UserError(
            path + " was begun by another machine, and is not there for this one.",
            "Artifacts must go to a folder that all machines share, under the same path.");
      }
    }
    return files[index];
  }

  /** Brings to the disk what this process has written; the machine that publishes cannot. */
  public synchronized void sync() throws IOException {
    for (OutputFile file : files) {
      if (file != null) {
        file.sync(false);
      }
    }
  }

  @Override
  public synchronized void close() {
    try {
      for (OutputFile file : files) {
        if (file != null) {
          file.close();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
