package phiquant.quant.matmulnbits;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * The same blocks as a matrix that has been turned: what ONNX's own {@code DequantizeLinear} (opset
 * 21, {@code axis} 0, {@code block_size}) reads in front of a {@code MatMul}, which wants [K, N].
 * Codes and grids are those of the rows of [N, K], only where they lie differs:
 *
 * <pre>
 *   codes        [K, N]           4 bits: two to a byte, the first in the low half
 *   scales       [K / block, N]
 *   zero points  [K / block, N]   packed like codes; none if symmetric, codes being signed then
 * </pre>
 *
 * <p>Source: ONNX operator specification, {@code DequantizeLinear} 21; {@code INT4} in {@code
 * onnx.proto}.
 *
 * @param format of the blocks, of 4 or 8 bits; K is a multiple of its block
 * @param columns N
 */
public record NBitsColumns(NBitsFormat format, int columns) {
  /** Columns turned at a time: a stripe of 64 floats is four lines of the cache. */
  private static final int STRIPE = 64;

  /** Rows that have whole bytes of zero points: one block, or two if two share a byte. */
  public int rowMultiple() {
    boolean shares = format.hasZeroPoints() && format.bits() == 4 && columns % 2 == 1;
    return shares ? 2 * format.block() : format.block();
  }

  /** Whether codes are signed, from -2^(bits - 1), and there are no zero points. */
  public boolean isSigned() {
    return !format.hasZeroPoints();
  }

  /**
   * Encodes rows of the turned matrix.
   *
   * @param x [rows, columns]
   * @param rows a multiple of the block
   * @param out codes, scales and, if there are any, zero points
   */
  public void encode(float[] x, int rows, MemorySegment... out) {
    Blocks quantizer = Blocks.of(format.algorithm());
    int block = format.block();
    int blocks = rows / block;
    int[] codes = new int[rows * columns];
    float[] scales = new float[blocks * columns];
    int[] zeroPoints = new int[blocks * columns];
    float[] w = new float[STRIPE * block];
    int[] found = new int[STRIPE * block];
    for (int b = 0; b < blocks; b++) {
      for (int from = 0; from < columns; from += STRIPE) {
        int some = Math.min(STRIPE, columns - from);
        int corner = b * block * columns + from;
        for (int i = 0; i < block; i++) {
          for (int column = 0; column < some; column++) {
            w[column * block + i] = x[corner + i * columns + column];
          }
        }
        format.type().round(w, 0, some * block, w);
        int at = b * columns + from;
        quantizer.quantize(format, w, 0, some, found, scales, zeroPoints, at);
        for (int i = 0; i < block; i++) {
          for (int column = 0; column < some; column++) {
            codes[corner + i * columns + column] = found[column * block + i];
          }
        }
      }
    }
    write(codes, isSigned() ? format.middle() : 0, out[0]);
    format.type().encode(scales, 0, scales.length, out[1]);
    if (format.hasZeroPoints()) {
      write(zeroPoints, 0, out[2]);
    }
  }

  /**
   * Decodes a part of the matrix and turns it back: its columns become rows.
   *
   * @param codes of the whole matrix, like scales and zero points
   * @param zeroPoints null if there are none
   * @param row the first of K, which becomes the first column of what is decoded
   * @param out receives {@code [count, width]} from {@code at}
   */
  public void decode(
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints,
      int column,
      int count,
      int row,
      int width,
      float[] out,
      int at) {
    float[] scale = new float[count];
    int[] zero = new int[count];
    for (int k = row; k < row + width; k++) {
      if (k == row || k % format.block() == 0) {
        long grid = (long) (k / format.block()) * columns + column;
        for (int i = 0; i < count; i++) {
          scale[i] = format.type().get(scales, grid + i);
          zero[i] = isSigned() ? 0 : code(zeroPoints, grid + i);
        }
      }
      long first = (long) k * columns + column;
      for (int i = 0, to = at + k - row; i < count; i++, to += width) {
        out[to] = (code(codes, first + i) - zero[i]) * scale[i];
      }
    }
  }

  private int code(MemorySegment in, long index) {
    if (format.bits() == 8) {
      byte code = in.get(JAVA_BYTE, index);
      return isSigned() ? code : code & 255;
    }
    int code = in.get(JAVA_BYTE, index / 2) >> 4 * (int) (index & 1) & 15;
    return isSigned() ? (code ^ 8) - 8 : code;
  }

  private void write(int[] codes, int zero, MemorySegment out) {
    if (format.bits() == 8) {
      for (int i = 0; i < codes.length; i++) {
        out.set(JAVA_BYTE, i, (byte) (codes[i] - zero));
      }
      return;
    }
    for (int i = 0; i < codes.length; i += 2) {
      int high = i + 1 < codes.length ? codes[i + 1] - zero : 0;
      out.set(JAVA_BYTE, i / 2, (byte) (codes[i] - zero & 15 | high << 4));
    }
  }
}
