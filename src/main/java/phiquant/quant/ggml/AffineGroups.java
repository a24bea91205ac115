package phiquant.quant.ggml;

/**
 * Finds the grids of many groups of weights, one after the other: scale and minimum of each. The
 * scalar form; the vector form does one group in each lane.
 */
public interface AffineGroups {
  /**
   * Searches for the grids of {@code groups} neighbouring groups.
   *
   * @param scales receives a scale for each group from index 0
   * @param mins receives what is subtracted, not negative
   */
  void find(AffineSearch search, float[] x, int from, int groups, float[] scales, float[] mins);

  /** One group at a time. */
  AffineGroups SCALAR =
      (search, x, from, groups, scales, mins) -> {
        byte[] levels = new byte[search.group()];
        for (int g = 0; g < groups; g++) {
          AffineSearch.Grid grid = search.find(x, from + g * search.group(), levels, 0);
          scales[g] = grid.scale();
          mins[g] = grid.min();
        }
      };
}
