package phiquant.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How fast this machine reads a file from memory if it does nothing but add up its words: what
 * decoding, which reads all weights for each token, can reach at best. Prints gigabytes a second.
 */
public final class StreamSpeed {
  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
  private static final long CHUNK = 1 << 20;

  private StreamSpeed() {}

  /** The arguments are a file, threads and repetitions; the best repetition counts. */
  public static void main(String[] args) throws IOException {
    int threads = Integer.parseInt(args[1]);
    try (Arena arena = Arena.ofShared();
        FileChannel file = FileChannel.open(Path.of(args[0]), StandardOpenOption.READ)) {
      MemorySegment all = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
      double best = 0;
      long sum = 0;
      for (int i = 0; i < Integer.parseInt(args[2]); i++) {
        long start = System.nanoTime();
        sum += read(all, threads);
        best = Math.max(best, all.byteSize() / (double) (System.nanoTime() - start));
      }
      System.out.printf("%.1f GB/s (sum %d)%n", best, sum);
    }
  }

  /** Reads all but the end with some threads, which take turns at pieces of it, as products do. */
  static long read(MemorySegment all, int threads) {
    long chunks = all.byteSize() / CHUNK;
    AtomicLong sum = new AtomicLong();
    AtomicLong next = new AtomicLong();
    Thread[] workers =
        IntStream.range(0, threads)
            .mapToObj(
                t ->
                    Thread.ofPlatform()
                        .start(
                            () -> {
                              for (long c; (c = next.getAndIncrement()) < chunks; ) {
                                sum.addAndGet(sum(all.asSlice(c * CHUNK, CHUNK)));
                              }
                            }))
            .toArray(Thread[]::new);
    try {
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return sum.get();
  }

  /** The sum of the words, but for a rest that does not fill four vectors. */
  private static long sum(MemorySegment in) {
    LongVector a = LongVector.zero(LONGS);
    LongVector b = LongVector.zero(LONGS);
    LongVector c = LongVector.zero(LONGS);
    LongVector d = LongVector.zero(LONGS);
    int step = LONGS.vectorByteSize();
    ByteOrder order = ByteOrder.nativeOrder();
    for (long at = 0; at + 4L * step <= in.byteSize(); at += 4L * step) {
      a = a.add(LongVector.fromMemorySegment(LONGS, in, at, order));
      b = b.add(LongVector.fromMemorySegment(LONGS, in, at + step, order));
      c = c.add(LongVector.fromMemorySegment(LONGS, in, at + 2L * step, order));
      d = d.add(LongVector.fromMemorySegment(LONGS, in, at + 3L * step, order));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }
}
