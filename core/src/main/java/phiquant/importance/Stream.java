package phiquant.importance;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What goes into the next layer, of all sequences: in memory, or in a file where it is large.
 * Numbers are in the machine's own order, for only this machine reads them.
 */
final class Stream implements AutoCloseable {
  /** Bytes that are kept in memory. */
  private static final long LARGE = 512L << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment data;
  private final long each;

  /**
   * All zeros.
   *
   * @param file where it goes if it is large; it is gone when the stream is closed
   * @param floats of each sequence
   */
  Stream(Path file, int sequences, int floats) throws IOException {
    this.each = 4L * floats;
    long bytes = sequences * each;
    data = bytes <= LARGE ? arena.allocate(bytes, 64) : mapped(file, bytes);
  }

  private MemorySegment mapped(Path file, long bytes) throws IOException {
    Files.createDirectories(file.getParent());
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      file.toFile().deleteOnExit();
      return mapped;
    }
  }

  void read(int sequence, float[] out) {
    MemorySegment.copy(data, JAVA_FLOAT, sequence * each, out, 0, out.length);
  }

  void write(int sequence, float[] in) {
    MemorySegment.copy(in, 0, data, JAVA_FLOAT, sequence * each, in.length);
  }

  /** Writes all of it to a file, through to the disk. */
  void save(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      for (long at = 0; at < data.byteSize(); at += each) {
        ByteBuffer some = data.asSlice(at, each).asByteBuffer();
        while (some.hasRemaining()) {
          channel.write(some);
        }
      }
      channel.force(true);
    }
  }

  /** Reads what {@link #save} has written; false if the file is not whole. */
  boolean load(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena reading = Arena.ofConfined()) {
      if (channel.size() != data.byteSize()) {
        return false;
      }
      data.copyFrom(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), reading));
      return true;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
