package phiquant.engine.openvino.writer;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.Half;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.nncf.CompressionFormats;
import phiquant.quant.nncf.FourBitCodes;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.IntegerRows;
import phiquant.quant.nncf.WeightedIntegers;

/**
 * Encodes rows in a compressed format into three constants: codes, scales and, where the format has
 * them, zero points.
 *
 * @param format of the codes
 * @param group weights that share a scale; divides a row
 * @param weighted finds grids where columns do not count alike
 */
record CompressedRows(CompressionFormat format, int group, Optional<WeightedIntegers> weighted)
    implements RowEncoder {
  /** Rows of a weight of which the importance of columns is known, or not; only integers use it. */
  static CompressedRows of(CompressionFormat format, int group, Optional<float[]> importance) {
    return new CompressedRows(
        format,
        group,
        format instanceof IntegerFormat integer
            ? importance.map(columns -> new WeightedIntegers(integer, group, columns))
            : Optional.empty());
  }

  /** Codes of 4 bits share bytes, so an odd number of them in a row needs two rows. */
  @Override
  public int rowMultiple() {
    return format.hasZeroPoint() && format.bits() == 4 ? 2 : 1;
  }

  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    if (format instanceof IntegerFormat integer && weighted.isEmpty() && IntegerRows.fits(group)) {
      together(integer, x, rows * (columns / group), out);
      return;
    }
    CompressionFormat fastest = CompressionFormats.fastest(format);
    int groups = rows * (columns / group);
    byte[] codes = new byte[group];
    byte[] zeroPoints = new byte[groups];
    MemorySegment scales = out[out.length - 1];
    Grid[] grids = weighted.map(search -> search.grids(x, groups)).orElse(null);
    for (int g = 0; g < groups; g++) {
      Grid grid = grids == null ? fastest.encode(x, g * group, group, codes, 0) : grids[g];
      if (grids != null) {
        weighted.get().codes(x, g, grid, codes);
      }
      write(format, codes, out[0], (long) g * group * format.bits() / 8);
      zeroPoints[g] = (byte) grid.zeroPoint();
      if (format.scaleBits() == 8) {
        scales.set(JAVA_BYTE, g, (byte) (Math.getExponent(grid.scale()) + 127));
      } else {
        scales.set(JAVA_SHORT_UNALIGNED, 2L * g, Float.floatToFloat16(grid.scale()));
      }
    }
    if (format.hasZeroPoint()) {
      write(format, zeroPoints, out[1], 0);
    }
  }

  private void together(IntegerFormat integer, float[] x, int groups, MemorySegment[] out) {
    float[] scales = new float[groups];
    byte[] zeroPoints = new byte[groups];
    IntegerRows.encode(integer, x, group, out[0], scales, zeroPoints);
    Half.encode(scales, 0, groups, out[out.length - 1], 0);
    if (format.hasZeroPoint()) {
      write(format, zeroPoints, out[1], 0);
    }
  }

  @Override
  public Optional<GridFormat> grid() {
    return format instanceof IntegerFormat integer
        ? Optional.of(new IntegerGrid(integer, group))
        : Optional.empty();
  }

  /** Writes codes, one in the low bits of each byte, as they lie in a constant. */
  static void write(CompressionFormat format, byte[] codes, MemorySegment out, long at) {
    if (format.bits() == 8) {
      MemorySegment.copy(codes, 0, out, JAVA_BYTE, at, codes.length);
    } else {
      FourBitCodes.pack(codes, codes.length, out, at);
    }
  }
}
