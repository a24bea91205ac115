package phiquant.engine.openvino.writer;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;
import phiquant.quant.grid.GridRule.Zero;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.WeightedIntegers;

/**
 * The grids of integers, for who finds codes himself.
 *
 * @param format of the codes
 * @param group weights that share a scale; divides a row
 */
record IntegerGrid(IntegerFormat format, int group) implements GridFormat {
  @Override
  public GridRule rule() {
    return WeightedIntegers.rule(format);
  }

  @Override
  public void lay(float[] x, int rows, float[] importance, float[] scales, float[] offsets) {
    Grid[] grids = new WeightedIntegers(format, group, importance).grids(x, scales.length);
    for (int g = 0; g < grids.length; g++) {
      scales[g] = grids[g].scale();
      offsets[g] = grids[g].zeroPoint();
    }
  }

  @Override
  public void write(Rows rows, MemorySegment... out) {
    byte[] codes = rows.codes().clone();
    if (rule().zero() == Zero.FIXED) {
      for (int i = 0; i < codes.length; i++) {
        codes[i] += (byte) rule().lowest(0);
      }
    }
    CompressedRows.write(format, codes, out[0], 0);
    float[] scales = rows.scales();
    byte[] zeroPoints = new byte[scales.length];
    for (int g = 0; g < scales.length; g++) {
      out[out.length - 1].set(JAVA_SHORT_UNALIGNED, 2L * g, Float.floatToFloat16(scales[g]));
      zeroPoints[g] = (byte) (int) rows.offsets()[g];
    }
    if (format.hasZeroPoint()) {
      CompressedRows.write(format, zeroPoints, out[1], 0);
    }
  }
}
