package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;

/** Groups side by side: what groups have at index i becomes one vector, a group in each lane. */
final class Transposed {
  private static final int LANES = FloatVector.SPECIES_PREFERRED.length();

  private Transposed() {}

  /**
   * Transposes as many groups as there are lanes; lanes beyond the last group repeat it.
   *
   * @param n numbers in a group
   * @param groups how many there are from {@code x[from]}
   * @param out receives n vectors
   */
  static void groups(float[] x, int from, int n, int groups, float[] out) {
    for (int lane = 0; lane < LANES; lane++) {
      int group = from + n * Math.min(lane, groups - 1);
      for (int i = 0; i < n; i++) {
        out[i * LANES + lane] = x[group + i];
      }
    }
  }
}
