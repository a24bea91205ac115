package phiquant.quant.nncf;

/**
 * A weight compression format of OpenVINO as NNCF computes it: a group of weights shares a scale
 * and perhaps a zero point, and each weight becomes a code of 4 or 8 bits. Groups may be whole
 * rows. The arithmetic is NNCF's ({@code nncf/openvino/optimized_functions/models.py}), in float32,
 * so that codes, scales and zero points equal NNCF's.
 */
public sealed interface GroupFormat permits IntegerFormat, Nf4, Mxfp4 {
  /**
   * What the weights of a group share.
   *
   * @param scale step between codes, float32; stored as f16 (MXFP4: as a power of two)
   * @param zeroPoint the code that stands for zero; 0 where the format has none
   */
  record Grid(float scale, int zeroPoint) {}

  /** Smallest scale: float32's machine epsilon, so that a group of zeros divides well. */
  float EPSILON = 0x1p-23f;

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

  /** The value of a code. */
  float decode(byte code, Grid grid);

  /** Bits that one weight takes in groups of that size. */
  default double bitsPerWeight(long group) {
    return bits() + (scaleBits() + (hasZeroPoint() ? bits() : 0)) / (double) group;
  }
}
