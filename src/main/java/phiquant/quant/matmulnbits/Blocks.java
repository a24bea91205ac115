package phiquant.quant.matmulnbits;

/**
 * Quantizes blocks of weights that lie one after the other: the arithmetic of one {@link
 * Algorithm}, scalar or with vectors. Holds no state.
 */
interface Blocks {
  /**
   * Finds grids and codes.
   *
   * @param x weights, {@code count * format.block()} of them from index {@code from}
   * @param codes receives a code for each weight
   * @param scales receives a scale for each block, from index {@code at}
   * @param zeroPoints receives the code that stands for zero in each block, from {@code at}
   */
  void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] codes,
      float[] scales,
      int[] zeroPoints,
      int at);
}
