package phiquant.pipeline;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;

/**
 * Threads that write what was encoded, so that who encodes never waits for the disk and no core
 * idles while a thread wakes up. There are so many buffers and no more: if all are on their way,
 * the disk is the slower one, and the encoders wait for it.
 */
final class Writers implements AutoCloseable {
  /** What the disk is given at a time, for each thread that encodes. */
  private static final int AT_ONCE = 2;

  private final ExecutorService threads;
  private final BlockingDeque<Buffer> free = new LinkedBlockingDeque<>();

  /** Memory for encoded rows, which grows to what the largest run needs. */
  static final class Buffer {
    private MemorySegment bytes = MemorySegment.NULL;

    /** The buffer, of {@code size} bytes or more, aligned to {@link OutputFile#BLOCK}. */
    MemorySegment atLeast(long size) {
      if (bytes.byteSize() < size) {
        bytes = Arena.ofAuto().allocate(size, OutputFile.BLOCK);
      }
      return bytes;
    }
  }

  /**
   * Starts the threads.
   *
   * @param encoders how many threads will encode
   */
  Writers(int encoders) {
    int count = AT_ONCE * encoders;
    threads =
        Executors.newFixedThreadPool(
            count, Thread.ofPlatform().name("phiquant-writer-", 0).daemon().factory());
    for (int i = 0; i < encoders + count; i++) {
      free.push(new Buffer());
    }
  }

  /** A buffer that nobody uses; the one that was used last, since caches may still hold it. */
  Buffer take() throws InterruptedException {
    return free.takeFirst();
  }

  /** Lets a thread do a write, which deals with its own failures, and gives the buffer back. */
  void write(Buffer buffer, Runnable write) {
    threads.execute(
        () -> {
          try {
            write.run();
          } finally {
            free.push(buffer);
          }
        });
  }

  /** Takes no more, and returns when all is written. */
  @Override
  public void close() {
    threads.close();
  }
}
