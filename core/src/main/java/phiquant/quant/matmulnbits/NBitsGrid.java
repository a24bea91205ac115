package phiquant.quant.matmulnbits;

import java.lang.foreign.MemorySegment;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;

/**
 * The grids of {@link NBitsFormat}, for who finds codes himself. Rows are whole blocks.
 *
 * @param format of the rows
 */
record NBitsGrid(NBitsFormat format) implements GridFormat {
  @Override
  public GridRule rule() {
    return WeightedBlocks.rule(format);
  }

  @Override
  public int group() {
    return format.block();
  }

  @Override
  public void lay(float[] x, int rows, float[] importance, float[] scales, float[] offsets) {
    int count = scales.length;
    float[] w = new float[count * group()];
    format.type().round(x, 0, w.length, w);
    int[] zeroPoints = new int[count];
    WeightedBlocks.of(format, importance)
        .quantize(format, w, 0, count, new int[w.length], scales, zeroPoints, 0);
    for (int i = 0; i < count && format.hasZeroPoints(); i++) {
      offsets[i] = zeroPoints[i];
    }
  }

  @Override
  public void write(Rows rows, MemorySegment... out) {
    int count = rows.scales().length;
    int[] zeroPoints = new int[count];
    for (int i = 0; i < count; i++) {
      zeroPoints[i] = format.hasZeroPoints() ? (int) rows.offsets()[i] : format.middle();
    }
    int weights = count * group();
    new NBitsRows(format, weights / rows.rows())
        .encode(
            new Known(rows.codes()),
            new float[weights],
            rows.rows(),
            rows.scales(),
            zeroPoints,
            out[0],
            out[1],
            out.length > 2 ? out[2] : null);
  }

  /** Codes that are known: of all blocks. */
  private record Known(byte[] all) implements Blocks {
    @Override
    public void quantize(
        NBitsFormat format,
        float[] x,
        int from,
        int count,
        int[] codes,
        float[] scales,
        int[] zeroPoints,
        int at) {
      for (int i = 0; i < count * format.block(); i++) {
        codes[i] = all[at * format.block() + i] & 255;
      }
    }
  }
}
