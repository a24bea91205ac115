package phiquant.quant.ggml;

/** Finds the scales of many groups of weights that have no minimum, one after the other. */
public interface SymmetricGroups {
  /** Searches for the scales of {@code groups} neighbouring groups; 0 for a group of zeros. */
  void find(float[] x, int from, int groups, float[] scales);

  /** Groups of 16 for Q3_K, one at a time. */
  SymmetricGroups Q3_K =
      (x, from, groups, scales) -> {
        byte[] levels = new byte[16];
        for (int g = 0; g < groups; g++) {
          scales[g] = Q3K.search(x, from + 16 * g, levels, 0);
        }
      };

  /** Groups of 16 for Q6_K, one at a time. */
  SymmetricGroups Q6_K =
      (x, from, groups, scales) -> {
        byte[] levels = new byte[16];
        for (int g = 0; g < groups; g++) {
          scales[g] = Q6K.search(x, from + 16 * g, levels, 0);
        }
      };

  /** Groups of 32 for IQ4_NL and IQ4_XS, one at a time. */
  SymmetricGroups IQ4 =
      (x, from, groups, scales) -> {
        for (int g = 0; g < groups; g++) {
          scales[g] = NonLinear.scale(x, from + 32 * g);
        }
      };
}
