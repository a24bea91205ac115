package phiquant.quant.ggml;

/**
 * The search for the scale of a group that has no minimum, {@code w ≈ scale · l}, l from -half to
 * half - 1. Candidates map the weight of largest magnitude to the values around the lowest level;
 * the best by weighted least squares wins. Source: {@code make_qx_quants} of ggml-quants.c.
 *
 * @param group weights in a group
 * @param half the lowest level is its negative
 */
public record SymmetricSearch(int group, int half) {
  /** Weights below this are taken for zeros (GROUP_MAX_EPS). */
  public static final float EPSILON = 1e-15f;

  /**
   * Searches for the scale of one group.
   *
   * @param weights how much errors count, from index {@code at}; null if by the weights' squares
   * @param scales receives the scale at index g, 0 if the group is zeros
   * @param inverses receives what the weights were multiplied with to get the levels, 0 for zeros
   */
  public void find(
      float[] x, int from, float[] weights, int at, float[] scales, float[] inverses, int g) {
    float max = GgmlBlock.extreme(x, from, group);
    scales[g] = 0;
    inverses[g] = 0;
    if (Math.abs(max) < EPSILON) {
      return;
    }
    float scale = 0;
    float best = 0;
    for (int attempt = -10; attempt <= 9; attempt++) {
      // The plain grid comes first; then those around it.
      boolean plain = attempt == -10;
      if (attempt == 0) {
        continue;
      }
      float inverse = plain ? -half / max : -(half + 0.1f * attempt) / max;
      float sumLx = 0;
      float sumL2 = 0;
      for (int i = 0; i < group; i++) {
        float value = x[from + i];
        int level = level(inverse * value);
        float w = weights == null ? value * value : weights[at + i];
        sumLx += w * value * level;
        sumL2 += w * level * level;
      }
      if (plain || (sumL2 > 0 && sumLx * sumLx > best * sumL2)) {
        scale = sumL2 != 0 ? sumLx / sumL2 : 0;
        best = scale * sumLx;
        inverses[g] = inverse;
      }
    }
    scales[g] = scale;
  }

  /** The levels that the search gave a group's weights, plus half; 0 for zeros. */
  public void levels(float[] x, int from, float inverse, byte[] l, int at) {
    for (int i = 0; i < group; i++) {
      l[at + i] = (byte) (inverse == 0 ? 0 : level(inverse * x[from + i]) + half);
    }
  }

  private int level(float x) {
    return Math.max(-half, Math.min(half - 1, Rounding.nearest(x)));
  }
}
