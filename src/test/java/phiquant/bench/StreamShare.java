package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import phiquant.checkpoint.gguf.GgufTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlFormats;
import phiquant.quant.ggml.GgmlType;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrices;
import phiquant.run.matrix.Matrix;

/**
 * What share of the speed of plain reading one token's product reaches, by format, over weights
 * that no cache holds. The two take turns on the same bytes with the same threads, because a shared
 * machine's memory is twice as fast in one minute as in another.
 */
public final class StreamShare {
  private static final int COLUMNS = 3072;
  private static final int ROWS = 1 << 18;

  /** Rows of one product, as many as a feed-forward matrix has. */
  private static final int HEIGHT = 1 << 13;

  private StreamShare() {}

  /** The arguments are threads, turns, and types such as Q4_K. */
  public static void main(String[] args) {
    int threads = Integer.parseInt(args[0]);
    int turns = Integer.parseInt(args[1]);
    for (String name : Arrays.copyOfRange(args, 2, args.length)) {
      try (Arena arena = Arena.ofShared()) {
        measure(GgmlType.valueOf(name), threads, turns, arena);
      }
    }
  }

  private static void measure(GgmlType type, int threads, int turns, Arena arena) {
    BlockFormat format = GgmlFormats.of(type);
    float[] row = new float[COLUMNS];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < COLUMNS; i++) {
      row[i] = (float) random.nextGaussian();
    }
    long stride = format.bytes(COLUMNS);
    MemorySegment all = arena.allocate(ROWS * stride, 64);
    format.encode(row, 0, COLUMNS, all, 0);
    for (long r = 1; r < ROWS; r++) {
      MemorySegment.copy(all, 0, all, r * stride, stride);
    }
    Matrix matrix =
        Matrices.of(new GgufTensor("w", type, List.of((long) ROWS, (long) COLUMNS), all));
    Input input = new Input(COLUMNS);
    System.arraycopy(row, 0, input.values(), 0, COLUMNS);
    input.ready(matrix, true);
    float[] y = new float[ROWS];
    long[] sums = new long[threads];
    int share = HEIGHT / threads;
    double[] reading = new double[turns];
    double[] product = new double[turns];
    for (int turn = -turns; turn < turns; turn++) {
      double plain =
          speed(
              threads,
              all.byteSize(),
              t -> {
                for (int from = t * share; from < ROWS; from += HEIGHT) {
                  sums[t] += StreamSpeed.sum(all.asSlice(from * stride, share * stride));
                }
              });
      double multiplied =
          speed(
              threads,
              all.byteSize(),
              t -> {
                for (int from = t * share; from < ROWS; from += HEIGHT) {
                  matrix.multiply(from, from + share, input, y, 0);
                }
              });
      if (turn >= 0) { // As many turns before are for the compiler.
        reading[turn] = plain;
        product[turn] = multiplied;
      }
    }
    Arrays.sort(reading);
    Arrays.sort(product);
    double plain = reading[turns / 2];
    double multiplied = product[turns / 2];
    System.out.printf(
        "%s: product %.1f GB/s, plain reading %.1f GB/s, %.0f %% (best %.1f and %.1f; sums %d)%n",
        type,
        multiplied,
        plain,
        100 * multiplied / plain,
        product[turns - 1],
        reading[turns - 1],
        Arrays.stream(sums).sum());
  }

  /** Gigabytes a second that threads take in together. */
  private static double speed(int threads, long bytes, IntConsumer work) {
    long start = System.nanoTime();
    List<Thread> workers =
        IntStream.range(0, threads)
            .mapToObj(t -> Thread.ofPlatform().start(() -> work.accept(t)))
            .toList();
    for (Thread worker : workers) {
      try {
        worker.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    return bytes / (double) (System.nanoTime() - start);
  }
}
