package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import phiquant.quant.Packing;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;

/**
 * The lines of {@link AffineFormat}, for who finds codes himself.
 *
 * @param format of the rows
 */
record AffineGrid(AffineFormat format) implements GridFormat {
  @Override
  public GridRule rule() {
    return WeightedAffineFormat.rule(format);
  }

  @Override
  public int group() {
    return format.groupSize();
  }

  @Override
  public void lay(float[] x, int rows, float[] importance, float[] scales, float[] offsets) {
    float[] w = new float[scales.length * group()];
    format.type().round(x, 0, w.length, w);
    WeightedAffineFormat.of(format, importance).lines(w, scales, offsets);
  }

  @Override
  public void write(Rows rows, MemorySegment... out) {
    format.type().encode(rows.scales(), 0, rows.scales().length, out[1]);
    format.type().encode(rows.offsets(), 0, rows.offsets().length, out[2]);
    int[] codes = new int[rows.codes().length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = rows.codes()[i] & 255;
    }
    Packing.pack(codes, codes.length, format.bits(), out[0], 0);
  }
}
