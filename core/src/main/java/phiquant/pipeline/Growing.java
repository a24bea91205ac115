package phiquant.pipeline;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import phiquant.engine.plan.ArtifactPlan;

/** An artifact that is being written, wherever it grows: what encoded rows are given to. */
public interface Growing extends AutoCloseable {
  /** What it will be. */
  ArtifactPlan plan();

  /** Where it will be, for messages. */
  Path destination();

  /**
   * Writes bytes at their place in a file. Thread-safe; the same bytes may come more than once.
   *
   * @param file index into the plan's files
   * @param bytes valid until this returns
   */
  void write(int file, MemorySegment bytes, long offset) throws IOException;

  /** Brings what was written so far to the disk, as far as that is worth while on the way. */
  default void flush() throws IOException {}

  /** Lets it go; what was written stays for who publishes it. */
  @Override
  default void close() {}
}
