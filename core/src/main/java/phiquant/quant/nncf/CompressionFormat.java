package phiquant.quant.nncf;

/**
 * A weight compression format of OpenVINO as NNCF computes it: a group of weights shares a scale
 * and perhaps a zero point, and each weight becomes a code of 4 or 8 bits. Groups may be whole
 * rows. The arithmetic is NNCF's ({@code nncf/openvino/optimized_functions/models.py}), in float32,
 * so that codes, scales and zero points equal NNCF's. Weights must be finite; implementations hold
 * no state.
 */
public sealed interface CompressionFormat permits IntegerFormat, LevelFormat, VectorCompression {
  /**
   * What the weights of a group share.
   *
   * @param scale step between codes, float32; stored as f16 (MXFP4: as a power of two)
   * @param zeroPoint the code that stands for zero; 0 where the format has none
   */
  record Grid(float scale, int zeroPoint) {}

  /** The name on the command line and in tables: {@code int4 sym}. */
  String name();

  /** Bits of a code: 4 or 8. */
  int bits();

  /** Whether a zero point is stored beside the scale. */
  boolean hasZeroPoint();

  /** Bits of a stored scale. */
  default int scaleBits() {
    return 16;
  }

  /**
   * Quantizes one group.
   *
   * @param codes receives {@code count} codes from index {@code at}, one in the low bits of each
   *     byte
   */
  Grid encode(float[] x, int from, int count, byte[] codes, int at);

  /** The value of a code; only its lowest {@link #bits()} bits count. */
  float decode(byte code, Grid grid);

  /** The values of {@code count} codes from index {@code at}, to {@code y[from]}. */
  default void decode(byte[] codes, int at, int count, Grid grid, float[] y, int from) {
    for (int i = 0; i < count; i++) {
      y[from + i] = decode(codes[at + i], grid);
    }
  }

  /** Bits that one weight takes in groups of that size. */
  default double bitsPerWeight(long group) {
    return bits() + (scaleBits() + (hasZeroPoint() ? bits() : 0)) / (double) group;
  }
}
