package phiquant.engine.openvino.writer;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.nncf.CompressionFormats;
import phiquant.quant.nncf.FourBitCodes;

/**
 * Encodes rows in a compressed format into three constants: codes, scales and, where the format has
 * them, zero points.
 *
 * @param format of the codes
 * @param group weights that share a scale; divides a row
 */
record CompressedRows(CompressionFormat format, int group) implements RowEncoder {
  /** Codes of 4 bits share bytes, so an odd number of them in a row needs two rows. */
  @Override
  public int rowMultiple() {
    return format.hasZeroPoint() && format.bits() == 4 ? 2 : 1;
  }

  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    CompressionFormat fastest = CompressionFormats.fastest(format);
    int groups = rows * (columns / group);
    byte[] codes = new byte[group];
    byte[] zeroPoints = new byte[groups];
    MemorySegment scales = out[out.length - 1];
    for (int g = 0; g < groups; g++) {
      Grid grid = fastest.encode(x, g * group, group, codes, 0);
      write(codes, out[0], (long) g * group * format.bits() / 8);
      zeroPoints[g] = (byte) grid.zeroPoint();
      if (format.scaleBits() == 8) {
        scales.set(JAVA_BYTE, g, (byte) (Math.getExponent(grid.scale()) + 127));
      } else {
        scales.set(JAVA_SHORT_UNALIGNED, 2L * g, Float.floatToFloat16(grid.scale()));
      }
    }
    if (format.hasZeroPoint()) {
      write(zeroPoints, out[1], 0);
    }
  }

  private void write(byte[] codes, MemorySegment out, long at) {
    if (format.bits() == 8) {
      MemorySegment.copy(codes, 0, out, JAVA_BYTE, at, codes.length);
    } else {
      FourBitCodes.pack(codes, codes.length, out, at);
    }
  }
}
