package phiquant.advise;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * Measures how fast all cores together read memory in order, which is what bounds the decoding of a
 * language model: every token reads every weight once.
 */
final class Bandwidth {
  private static final int ROUNDS = 6;

  private Bandwidth() {}

  /**
   * The best of some rounds, in 10⁹ bytes per second.
   *
   * @param cores threads that read
   * @param bytes how much is read in a round; more than the caches hold
   */
  static double measure(int cores, long bytes) {
    long part = bytes / cores / 64 * 64;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(part * cores, 64);
      memory.fill((byte) 1);
      double best = 0;
      for (int round = 0; round < ROUNDS; round++) {
        LongAdder sum = new LongAdder();
        long start = System.nanoTime();
        Thread[] threads =
            IntStream.range(0, cores)
                .mapToObj(
                    core ->
                        Thread.ofPlatform()
                            .start(() -> sum.add(sum(memory.asSlice(core * part, part)))))
                .toArray(Thread[]::new);
        for (Thread thread : threads) {
          thread.join();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (sum.sum() != 0x0101010101010101L * (part * cores / 8)) {
          throw new IllegalStateException("memory does not hold what was written");
        }
        best = Math.max(best, part * cores / seconds / 1e9);
      }
      return best;
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while measuring memory", e);
    }
  }

  /** Four sums, so that additions do not wait for each other. */
  private static long sum(MemorySegment memory) {
    long a = 0;
    long b = 0;
    long c = 0;
    long d = 0;
    for (long at = 0; at < memory.byteSize(); at += 32) {
      a += memory.get(ValueLayout.JAVA_LONG, at);
      b += memory.get(ValueLayout.JAVA_LONG, at + 8);
      c += memory.get(ValueLayout.JAVA_LONG, at + 16);
      d += memory.get(ValueLayout.JAVA_LONG, at + 24);
    }
    return a + b + c + d;
  }
}
