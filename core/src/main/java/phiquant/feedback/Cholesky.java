package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

/**
 * {@code A = UᵀU} of a symmetric positive matrix, U being upper, in place and in 64 bits. Blocks of
 * 48 rows, one after the other: what earlier rows explain is subtracted from a block, its own
 * triangle is factored, and the rest of its rows follows by substitution, strip by strip.
 */
final class Cholesky {
  private Cholesky() {}

  /**
   * Factors.
   *
   * @param a the upper triangle in strips, {@code [strip][row][48]}, which receives U
   * @return whether the matrix was positive; if not, it is spoilt
   */
  static boolean factor(double[][] a, ParallelFor crew) {
    for (int block = 0; block < a.length; block++) {
      int first = block * WIDTH;
      int at = first * WIDTH;
      double[] own = a[block];
      Outer.BEST.subtract(own, own, 0, first, own, at);
      if (!triangle(own, at)) {
        return false;
      }
      int next = block + 1;
      crew.run(
          a.length - next,
          i -> {
            double[] strip = a[next + i];
            Outer.BEST.subtract(own, strip, 0, first, strip, at);
            substitute(own, strip, at);
          });
    }
    return true;
  }

  /** The triangle of a block on the diagonal. */
  private static boolean triangle(double[] u, int at) {
    for (int k = 0; k < WIDTH; k++) {
      for (int j = k; j < WIDTH; j++) {
        double sum = u[at + k * WIDTH + j];
        for (int t = 0; t < k; t++) {
          sum -= u[at + t * WIDTH + k] * u[at + t * WIDTH + j];
        }
        if (j == k && !(sum > 0)) {
          return false;
        }
        u[at + k * WIDTH + j] = j == k ? Math.sqrt(sum) : sum / u[at + k * WIDTH + k];
      }
    }
    return true;
  }

  /** Solves {@code Uᵀ · X = strip} for the block's rows. */
  private static void substitute(double[] u, double[] strip, int at) {
    for (int k = 0; k < WIDTH; k++) {
      int row = at + k * WIDTH;
      for (int t = 0; t < k; t++) {
        double factor = u[at + t * WIDTH + k];
        int other = at + t * WIDTH;
        for (int j = 0; j < WIDTH; j++) {
          strip[row + j] -= factor * strip[other + j];
        }
      }
      double pivot = u[row + k];
      for (int j = 0; j < WIDTH; j++) {
        strip[row + j] /= pivot;
      }
    }
  }
}
