package phiquant.quant.matmulnbits;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.StoredTensor;

/** The three parts of encoded rows. */
record Encoded(byte[] codes, byte[] scales, byte[] zeroPoints) {
  static Encoded of(NBitsFormat format, float[] x, int rows, int columns) {
    return of(format, Blocks.of(format.algorithm()), x, rows, columns);
  }

  static Encoded of(NBitsFormat format, Blocks quantizer, float[] x, int rows, int columns) {
    byte[] codes = new byte[rows * format.codeBytes(columns)];
    byte[] scales = new byte[rows * format.scaleBytes(columns)];
    byte[] zeroPoints = new byte[rows * format.zeroPointBytes(columns)];
    format.encode(
        quantizer,
        x,
        rows,
        columns,
        MemorySegment.ofArray(codes),
        MemorySegment.ofArray(scales),
        MemorySegment.ofArray(zeroPoints));
    return new Encoded(codes, scales, zeroPoints);
  }

  static Encoded of(NBitsFormat format, StoredTensor tensor, long first, int rows) {
    int columns = (int) tensor.columns();
    float[] x = new float[rows * columns];
    tensor.read(first, rows, x, 0);
    return of(format, x, rows, columns);
  }

  float[] decode(NBitsFormat format, int rows, int columns) {
    float[] y = new float[rows * columns];
    format.decode(
        MemorySegment.ofArray(codes),
        MemorySegment.ofArray(scales),
        MemorySegment.ofArray(zeroPoints),
        rows,
        columns,
        y);
    return y;
  }
}
