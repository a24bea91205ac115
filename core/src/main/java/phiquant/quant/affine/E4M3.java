package phiquant.quant.affine;

/**
 * The 8-bit float with 4 exponent bits (bias 7) and 3 fraction bits: from 2^-9 to 448, no
 * infinities. Source: OCP 8-bit floating point specification 1.0; what is too large becomes 448, as
 * in {@code ToFP8} of MLX's {@code mlx/backend/cpu/unary_ops.h}.
 */
final class E4M3 {
  /** The largest number of this type. */
  static final float MAX = 448;

  private static final int SMALLEST_NORMAL = Float.floatToRawIntBits(0x1p-6f);

  private static final float[] NUMBERS = new float[256];

  static {
    for (int code = 0; code < 256; code++) {
      NUMBERS[code] = number(code);
    }
  }

  private E4M3() {}

  /** The nearest number's code, ties to even. The sign of zero is kept. */
  static int encode(float x) {
    int sign = Float.floatToRawIntBits(x) >>> 24 & 0x80;
    float magnitude = Math.abs(x);
    int bits = Float.floatToRawIntBits(magnitude);
    if (!(magnitude < MAX)) {
      return sign | 0x7E;
    }
    if (bits < SMALLEST_NORMAL) {
      // Multiples of 2^-9: adding 2^14, whose last place that is, rounds to them.
      return sign | Float.floatToRawIntBits(magnitude + 0x1p14f) & 0xF;
    }
    int rebiased = bits - (127 - 7 << 23);
    return sign | rebiased + 0x7FFFF + (bits >>> 20 & 1) >>> 20;
  }

  /** The number that a code stands for. */
  static float decode(int code) {
    return NUMBERS[code];
  }

  private static float number(int code) {
    int exponent = code >>> 3 & 0xF;
    int fraction = code & 7;
    float magnitude =
        exponent == 0 ? fraction * 0x1p-9f : (8 + fraction) * Math.scalb(1f, exponent - 10);
    return (code & 0x80) == 0 ? magnitude : -magnitude;
  }
}
