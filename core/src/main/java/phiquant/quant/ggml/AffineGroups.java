package phiquant.quant.ggml;

/**
 * Finds the grids of many groups of weights, one after the other: scale and minimum of each. The
 * scalar form; the vector form does one group in each lane.
 */
public interface AffineGroups {
  /**
   * Searches for the grids of {@code groups} neighbouring groups.
   *
   * @param weights how much errors count, from index {@code at}; null for the search's own rule
   * @param out receives the grids from index {@code first}; how levels follow from them only if
   *     there are weights
   */
  void find(
      AffineSearch search,
      float[] x,
      int from,
      float[] weights,
      int at,
      int groups,
      Grids out,
      int first);

  /** One group at a time. */
  AffineGroups SCALAR =
      (search, x, from, weights, at, groups, out, first) -> {
        for (int g = 0; g < groups; g++) {
          int place = g * search.group();
          search.find(x, from + place, weights, at + place, out, first + g);
        }
      };
}
