package phiquant.pipeline;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One file of an artifact, written at many places at once. Whole blocks of a large file go straight
 * to the disk: through the system's cache, gigabytes would be copied there, push the checkpoint
 * out, and be waited for in the end. The rest, and all where a file system knows no other way, goes
 * through it.
 */
final class OutputFile implements AutoCloseable {
  /** What direct writes are aligned to, in the file and in memory; no common block is larger. */
  static final int BLOCK = 4096;

  /** What the system's cache takes in faster than a disk, and gives to it in no time. */
  static final long LARGE = 1L << 28;

  /** For fewer bytes a copy costs less than the way to the disk. */
  private static final long WORTHWHILE = 16 * BLOCK;

  private final FileChannel cached;
  private final FileChannel direct;
  private volatile boolean refused;

  /**
   * Creates the file, which must not exist.
   *
   * @param size how many bytes it will have
   */
  static OutputFile create(Path path, long size) throws IOException {
    return new OutputFile(path, size, StandardOpenOption.CREATE_NEW);
  }

  /** Opens the file, which somebody else has created. */
  static OutputFile open(Path path, long size) throws IOException {
    return new OutputFile(path, size, StandardOpenOption.WRITE);
  }

  private OutputFile(Path path, long size, OpenOption creation) throws IOException {
    cached = FileChannel.open(path, creation, StandardOpenOption.WRITE);
    direct = size < LARGE ? null : openDirect(path);
    refused = direct == null;
  }

  /**
   * The option is the JDK's own: who names it in the source gets a warning that cannot be hidden.
   */
  private static FileChannel openDirect(Path path) {
    try {
      Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      OpenOption option = (OpenOption) options.getField("DIRECT").get(null);
      return FileChannel.open(path, StandardOpenOption.WRITE, option);
    } catch (IOException | ReflectiveOperationException | UnsupportedOperationException e) {
      return null;
    }
  }

  /**
   * Where in a buffer, from {@code at} on, bytes must lie that go to {@code offset} of a file, so
   * that blocks in both begin together. The buffer's own address is a multiple of {@link #BLOCK}.
   */
  static long place(long at, long offset) {
    return Math.ceilDiv(at, BLOCK) * BLOCK + offset % BLOCK;
  }

  /** Writes bytes at their place. Thread-safe. */
  void write(MemorySegment bytes, long offset) throws IOException {
    long head = Math.floorMod(-offset, BLOCK);
    long blocks = (bytes.byteSize() - head) / BLOCK * BLOCK;
    boolean aligned = bytes.isNative() && (bytes.address() + head) % BLOCK == 0;
    if (refused || !aligned || blocks < WORTHWHILE) {
      write(cached, bytes, offset);
      return;
    }
    write(cached, bytes.asSlice(0, head), offset);
    try {
      write(direct, bytes.asSlice(head, blocks), offset + head);
    } catch (IOException e) {
      // Some file systems open a file so and refuse to write. Or the disk is full, and is again.
      refused = true;
      write(cached, bytes.asSlice(head, blocks), offset + head);
    }
    write(cached, bytes.asSlice(head + blocks), offset + head + blocks);
  }

  private static void write(FileChannel channel, MemorySegment bytes, long offset)
      throws IOException {
    ByteBuffer rest = bytes.asByteBuffer();
    long at = offset;
    while (rest.hasRemaining()) {
      at += channel.write(rest, at);
    }
  }

  /** Brings to the disk what went through the cache, where all does; else there is little of it. */
  void flush() throws IOException {
    if (refused) {
      sync(false);
    }
  }

  /** Brings what was written to the disk, and what the file system knows of the file if asked. */
  void sync(boolean metadata) throws IOException {
    cached.force(metadata);
  }

  @Override
  public void close() throws IOException {
    cached.close();
    if (direct != null) {
      direct.close();
    }
  }
}
