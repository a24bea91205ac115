package phiquant.quant.nncf;

import phiquant.quant.FloatType;
import phiquant.quant.VectorSupport;
import phiquant.quant.grid.GridRule;
import phiquant.quant.grid.GridRule.Zero;
import phiquant.quant.grid.GridSearch;
import phiquant.quant.nncf.CompressionFormat.Grid;

/**
 * Integers on grids that minimize the weighted error: where NNCF's can be bettered, it is. Codes
 * are made from scales as they are stored. May be used by many threads.
 */
public final class WeightedIntegers {
  private final IntegerFormat format;
  private final int group;
  private final GridSearch search;

  /**
   * For rows whose columns do not count alike.
   *
   * @param group weights that share a scale; divides a row
   * @param importance of each column of a row, not negative
   */
  public WeightedIntegers(IntegerFormat format, int group, float[] importance) {
    this(format, group, GridSearch.of(rule(format), group, importance));
  }

  WeightedIntegers(IntegerFormat format, int group, GridSearch search) {
    this.format = format;
    this.group = group;
    this.search = search;
  }

  /** What grids a format has. */
  public static GridRule rule(IntegerFormat format) {
    return new GridRule(
        format.symmetric() ? Zero.FIXED : Zero.CODE, format.bits(), FloatType.FLOAT16);
  }

  /** The grids of {@code groups} groups, whole rows that begin at {@code x[0]}. */
  public Grid[] grids(float[] x, int groups) {
    float[] scales = new float[groups];
    float[] zeros = new float[groups];
    boolean wide = VectorSupport.available();
    byte[] unused = new byte[wide ? 0 : group];
    for (int g = 0; g < groups; g++) {
      Grid plain =
          wide
              ? VectorIntegerFormat.grid(format, x, g * group, group)
              : format.encode(x, g * group, group, unused, 0);
      scales[g] = plain.scale();
      zeros[g] = plain.zeroPoint();
    }
    search.improve(x, 0, groups, 0, scales, zeros, 0);
    Grid[] grids = new Grid[groups];
    for (int g = 0; g < groups; g++) {
      grids[g] = new Grid(scales[g], (int) zeros[g]);
    }
    return grids;
  }

  /** The codes of group {@code g}, one in the low bits of each byte. */
  public void codes(float[] x, int g, Grid grid, byte[] codes) {
    if (VectorSupport.available()) {
      VectorIntegerFormat.codes(format, x, g * group, group, grid, codes, 0);
    } else {
      for (int i = 0; i < group; i++) {
        codes[i] = format.code(x[g * group + i], grid);
      }
    }
  }
}
