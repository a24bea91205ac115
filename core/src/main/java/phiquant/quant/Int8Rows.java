package phiquant.quant;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Rows of signed bytes with one float32 scale each: {@code w ≈ q · s, s = max|w| / 127, q = rint(w
 * / s)} from -127 to 127, so that the grid is the same on both sides of zero. What ONNX calls
 * per-channel symmetric int8 ({@code DequantizeLinear} with an axis), as integer units of phones
 * want it. A row of zeros has the scale 1.
 */
public final class Int8Rows {
  private static final int TOP = 127;

  /** Adding 1.5 · 2^23 leaves a float below 2^22 rounded to even in its lowest bits. */
  private static final float INTEGER = 12582912f;

  private Int8Rows() {}

  /**
   * Encodes rows that lie one after the other.
   *
   * @param codes receives [rows, columns] bytes
   * @param scales receives [rows] floats
   */
  public static void encode(
      float[] x, int rows, int columns, MemorySegment codes, MemorySegment scales) {
    byte[] row = new byte[columns];
    for (int r = 0; r < rows; r++) {
      int from = r * columns;
      float most = 0;
      for (int i = from; i < from + columns; i++) {
        most = Math.max(most, Math.abs(x[i]));
      }
      float scale = most / TOP;
      scale = scale == 0 ? 1 : scale;
      for (int i = 0; i < columns; i++) {
        // A scale that is not a normal number may be too small by half.
        float level = Math.clamp(x[from + i] / scale, -TOP, TOP);
        row[i] = (byte) Float.floatToRawIntBits(level + INTEGER);
      }
      MemorySegment.copy(row, 0, codes, JAVA_BYTE, from, columns);
      FloatType.FLOAT32.put(scales, r, scale);
    }
  }

  /**
   * Decodes {@code count} rows from row {@code first}.
   *
   * @param codes of all rows, like scales
   * @param out receives {@code [count, columns]} from {@code at}
   */
  public static void decode(
      MemorySegment codes,
      MemorySegment scales,
      long first,
      int count,
      int columns,
      float[] out,
      int at) {
    for (int r = 0; r < count; r++) {
      float scale = FloatType.FLOAT32.get(scales, first + r);
      long from = (first + r) * columns;
      for (int i = 0; i < columns; i++) {
        out[at + r * columns + i] = codes.get(JAVA_BYTE, from + i) * scale;
      }
    }
  }
}
