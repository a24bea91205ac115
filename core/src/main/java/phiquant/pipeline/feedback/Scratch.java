package phiquant.pipeline.feedback;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import phiquant.UserError;

/**
 * Memory in a file that is gone when it is closed, or when the process ends: what is made once and
 * read much later, and may be larger than memory is.
 */
final class Scratch implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Path folder;
  private final FileChannel channel;
  private long size;

  /**
   * An empty one.
   *
   * @param folder where artifacts go; it exists
   * @throws UserError if nothing can be written there
   */
  Scratch(Path folder) {
    this.folder = folder;
    try {
      Path file = Files.createTempFile(folder, ".phiquant-", ".scratch");
      channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
      Files.delete(file); // What is mapped stays until nobody uses it.
    } catch (IOException e) {
      throw new UserError(folder + " cannot be written to: " + e.getMessage() + ".", e);
    }
  }

  /**
   * Zeros.
   *
   * @throws UserError if the disk has no room for them
   */
  MemorySegment allocate(long bytes) {
    try {
      long left = Files.getFileStore(folder).getUsableSpace();
      if (left < bytes) {
        throw new UserError(
            String.format(
                Locale.ROOT,
                "%s: its disk has %,d MB left; rounding with error feedback needs %,d MB more.",
                folder,
                left / 1_000_000,
                Math.ceilDiv(bytes, 1_000_000)));
      }
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, size, bytes, arena);
      size += bytes;
      return mapped;
    } catch (IOException e) {
      throw new UserError(folder + " cannot be written to: " + e.getMessage() + ".", e);
    }
  }

  @Override
  public void close() {
    arena.close();
    try {
      channel.close();
    } catch (IOException e) {
      throw new UserError(folder + " cannot be written to: " + e.getMessage() + ".", e);
    }
  }
}
