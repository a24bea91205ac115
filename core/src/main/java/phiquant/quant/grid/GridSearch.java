package phiquant.quant.grid;

import phiquant.quant.VectorSupport;

/**
 * Finds the grids of least weighted error: the sum over the weights of a group of {@code importance
 * · (w - what its code stands for)²}. Some grids of other reach are tried; to the levels of each
 * the best scale, and a free offset, follow by least squares; the best one is fitted again to its
 * own nearest levels. It is taken only where it beats, as it is stored, the grid to begin with. All
 * in float arithmetic, in one order whatever the width of vectors. May be used by many threads.
 */
public interface GridSearch {
  /** Weights whose sums are added up before they join those of all: keeps long rows exact. */
  int RUN = 64;

  /**
   * Improves grids.
   *
   * @param x weights, {@code count} groups of them from index {@code from}
   * @param first which group of a row the first one is
   * @param scales of the grids to begin with, from index {@code at}; receives those that are
   *     better. All are rounded to their type.
   * @param offsets likewise: codes of zero, or offsets, as the rule has them; 0 where it has none
   */
  void improve(float[] x, int from, int count, int first, float[] scales, float[] offsets, int at);

  /**
   * The form to use.
   *
   * @param size weights in a group
   * @param importance of the columns of a row, not negative; as long as a row's groups
   */
  static GridSearch of(GridRule rule, int size, float[] importance) {
    return VectorSupport.available()
        ? new VectorGridSearch(rule, size, importance)
        : new ScalarGridSearch(rule, size, importance);
  }
}
