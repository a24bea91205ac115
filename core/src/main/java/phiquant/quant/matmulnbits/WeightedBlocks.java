package phiquant.quant.matmulnbits;

import java.util.Arrays;
import phiquant.quant.grid.GridRule;
import phiquant.quant.grid.GridRule.Zero;
import phiquant.quant.grid.GridSearch;

/**
 * Blocks on grids of less weighted error than those of an algorithm. Codes follow as in {@link
 * EngineCodes}, from the scale as it is stored.
 *
 * @param plain the algorithm
 * @param blocks of a row
 * @param codes for given grids
 */
record WeightedBlocks(Blocks plain, GridSearch search, int blocks, Blocks codes) implements Blocks {
  /** The form to use, for rows whose columns count so much. */
  static WeightedBlocks of(NBitsFormat format, float[] importance) {
    int blocks = format.blocks(importance.length);
    // What fills up the last block counts nothing.
    float[] columns = Arrays.copyOf(importance, blocks * format.block());
    return new WeightedBlocks(
        Blocks.of(format.algorithm()),
        GridSearch.of(rule(format), format.block(), columns),
        blocks,
        Blocks.onGivenGrids());
  }

  static GridRule rule(NBitsFormat format) {
    Zero zero = format.hasZeroPoints() ? Zero.CODE : Zero.FIXED;
    return new GridRule(zero, format.bits(), format.type());
  }

  @Override
  public void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] some,
      float[] scales,
      int[] zeroPoints,
      int at) {
    plain.quantize(format, x, from, count, some, scales, zeroPoints, at);
    float[] zeros = new float[count];
    for (int b = 0; b < count; b++) {
      zeros[b] = format.hasZeroPoints() ? zeroPoints[at + b] : 0;
    }
    float[] found = Arrays.copyOfRange(scales, at, at + count);
    search.improve(x, from, count, at % blocks, found, zeros, 0);
    System.arraycopy(found, 0, scales, at, count);
    for (int b = 0; b < count && format.hasZeroPoints(); b++) {
      zeroPoints[at + b] = (int) zeros[b];
    }
    codes.quantize(format, x, from, count, some, scales, zeroPoints, at);
  }
}
