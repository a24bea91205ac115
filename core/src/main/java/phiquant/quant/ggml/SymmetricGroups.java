package phiquant.quant.ggml;

/**
 * Finds the scales of many groups of weights that have no minimum, one after the other. The scalar
 * form; the vector form does one group in each lane.
 */
public interface SymmetricGroups {
  /**
   * Searches for the scales of {@code groups} neighbouring groups; 0 for a group of zeros.
   *
   * @param weights how much errors count, from index 0; null if by the weights' squares
   * @param inverses receives what the weights were multiplied with to get the levels
   */
  void find(
      SymmetricSearch search,
      float[] x,
      int from,
      float[] weights,
      int at,
      int groups,
      float[] scales,
      float[] inverses);

  /** One group at a time. */
  SymmetricGroups SCALAR =
      (search, x, from, weights, at, groups, scales, inverses) -> {
        for (int g = 0; g < groups; g++) {
          int place = g * search.group();
          search.find(x, from + place, weights, at + place, scales, inverses, g);
        }
      };
}
