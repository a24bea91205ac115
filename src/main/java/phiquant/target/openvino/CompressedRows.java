package phiquant.target.openvino;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import phiquant.quant.nncf.GroupFormat;
import phiquant.quant.nncf.GroupFormat.Grid;
import phiquant.target.RowEncoder;

/**
 * Encodes rows in a compressed format into three constants: codes, scales and, where the format has
 * them, zero points. Codes of 4 bits lie two in a byte, the first in the low half, as OpenVINO's
 * {@code u4} and {@code i4} do.
 *
 * @param format of the codes
 * @param group weights that share a scale; divides a row
 */
record CompressedRows(GroupFormat format, int group) implements RowEncoder {
  /** Zero points of 4 bits share bytes, so an odd number of groups in a row needs two rows. */
  @Override
  public int rowMultiple() {
    return format.hasZeroPoint() && format.bits() == 4 ? 2 : 1;
  }

  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    int groups = columns / group;
    byte[] codes = new byte[columns];
    byte[] zeroPoints = new byte[rows * groups];
    MemorySegment scales = out[out.length - 1];
    int scaleBytes = format.scaleBits() / 8;
    for (int row = 0; row < rows; row++) {
      for (int g = 0; g < groups; g++) {
        Grid grid = format.encode(x, row * columns + g * group, group, codes, g * group);
        int at = row * groups + g;
        zeroPoints[at] = (byte) grid.zeroPoint();
        if (scaleBytes == 1) {
          scales.set(JAVA_BYTE, at, (byte) (Math.getExponent(grid.scale()) + 127));
        } else {
          scales.set(JAVA_SHORT_UNALIGNED, 2L * at, Float.floatToFloat16(grid.scale()));
        }
      }
      write(codes, out[0], (long) row * columns * format.bits() / 8);
    }
    if (format.hasZeroPoint()) {
      write(zeroPoints, out[1], 0);
    }
  }

  private void write(byte[] codes, MemorySegment out, long at) {
    byte[] packed = format.bits() == 8 ? codes : pack(codes);
    MemorySegment.copy(packed, 0, out, JAVA_BYTE, at, packed.length);
  }

  private static byte[] pack(byte[] codes) {
    byte[] even = codes.length % 2 == 0 ? codes : Arrays.copyOf(codes, codes.length + 1);
    byte[] packed = new byte[even.length / 2];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = (byte) (even[2 * i] & 15 | even[2 * i + 1] << 4);
    }
    return packed;
  }
}
