package phiquant.quant.ggml;

/** Finds the scales of many groups of weights by a format's own search. */
public interface ScaleGroups {
  /**
   * Searches for the scales of {@code groups} neighbouring groups; 0 for a group of zeros.
   *
   * @param weights how much errors count, from index {@code at}; null if by the weights' squares
   */
  void find(float[] x, int from, float[] weights, int at, int groups, float[] scales);

  /** Groups of 16 for Q3_K by descent, one at a time; always by the weights' squares. */
  ScaleGroups DESCENT =
      (x, from, weights, at, groups, scales) -> {
        byte[] levels = new byte[16];
        for (int g = 0; g < groups; g++) {
          scales[g] = Descent.search(x, from + 16 * g, levels, 0);
        }
      };

  /** Groups of 32 for IQ4_NL and IQ4_XS, one at a time. */
  ScaleGroups IQ4 =
      (x, from, weights, at, groups, scales) -> {
        for (int g = 0; g < groups; g++) {
          scales[g] = NonLinear.scale(x, from + 32 * g, weights, at + 32 * g);
        }
      };
}
