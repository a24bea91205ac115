package phiquant.quant.affine;

/**
 * The 4-bit float with 2 exponent bits and 1 fraction bit: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their
 * negatives. Source: OCP Microscaling Formats (MX) specification 1.0, section 5.3.3.
 */
final class E2M1 {
  /** The largest number of this type. */
  static final float MAX = 6;

  private static final float[] NUMBERS = {
    0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f, -0f, -0.5f, -1f, -1.5f, -2f, -3f, -4f, -6f
  };

  private E2M1() {}

  /**
   * The nearest number's code, the lower code where two are as near: ties go towards zero and
   * nothing becomes -0. Differences are rounded to float, so numbers beyond 2^25 become 0, as in
   * MLX ({@code fp_quantize} in {@code mlx/ops.cpp}).
   */
  static int encode(float x) {
    int nearest = 0;
    float least = Math.abs(x - NUMBERS[0]);
    for (int code = 1; code < NUMBERS.length; code++) {
      float distance = Math.abs(x - NUMBERS[code]);
      if (distance < least) {
        least = distance;
        nearest = code;
      }
    }
    return nearest;
  }

  /** The number that a code stands for. */
  static float decode(int code) {
    return NUMBERS[code];
  }
}
