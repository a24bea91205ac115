package phiquant.quant.nncf;

import java.util.ArrayList;
import java.util.List;
import phiquant.quant.nncf.CompressionFormat.Grid;

/** Weights in groups of one format: a code for each weight, a grid for each group. */
record Encoded(byte[] codes, List<Grid> grids) {
  /** Every format, in the form that reads like the formula. */
  static List<CompressionFormat> formats() {
    return List.of(
        IntegerFormat.INT4_SYM,
        IntegerFormat.INT4_ASYM,
        IntegerFormat.INT8_SYM,
        IntegerFormat.INT8_ASYM,
        new Nf4(),
        new F4E2M1());
  }

  static Encoded of(CompressionFormat format, float[] x, int group) {
    byte[] codes = new byte[x.length];
    List<Grid> grids = new ArrayList<>();
    for (int from = 0; from < x.length; from += group) {
      grids.add(format.encode(x, from, Math.min(group, x.length - from), codes, from));
    }
    return new Encoded(codes, grids);
  }

  /** The codes as the golden has them: the lowest bits of a byte. */
  byte[] bits(int bits) {
    byte[] cut = new byte[codes.length];
    for (int i = 0; i < codes.length; i++) {
      cut[i] = (byte) (codes[i] & (1 << bits) - 1);
    }
    return cut;
  }

  byte[] zeroPoints() {
    byte[] zeros = new byte[grids.size()];
    for (int i = 0; i < zeros.length; i++) {
      zeros[i] = (byte) grids.get(i).zeroPoint();
    }
    return zeros;
  }
}
