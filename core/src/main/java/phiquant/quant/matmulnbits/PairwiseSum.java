package phiquant.quant.matmulnbits;

/**
 * The order in which numpy adds the numbers of a row: runs of up to 128 in eight sums side by side,
 * which are then added two by two, and so are the runs ({@code pairwise_sum} in {@code
 * numpy/_core/src/umath/loops_utils.h.src}). Scales found by least squares depend on it.
 */
final class PairwiseSum {
  /** Sums side by side. */
  static final int WAYS = 8;

  /** Numbers in a run. */
  static final int RUN = 128;

  private PairwiseSum() {}

  /** The sum of the first {@code count} numbers: up to 256, a multiple of 16. */
  static float of(float[] x, int count) {
    return count <= RUN ? run(x, 0, count) : run(x, 0, RUN) + run(x, RUN, count - RUN);
  }

  private static float run(float[] x, int from, int count) {
    float[] sums = new float[WAYS];
    System.arraycopy(x, from, sums, 0, WAYS);
    for (int i = WAYS; i < count; i++) {
      sums[i % WAYS] += x[from + i];
    }
    return (sums[0] + sums[1] + (sums[2] + sums[3])) + (sums[4] + sums[5] + (sums[6] + sums[7]));
  }
}
