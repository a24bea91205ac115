package phiquant.quant.affine;

/**
 * How a floating-point group stores its scale in one byte. The scale that would turn the group's
 * largest weight into the largest element is rounded to a number that the byte can hold. Sources:
 * OCP Microscaling Formats (MX) specification 1.0 for E8M0, OCP 8-bit floating point specification
 * 1.0 for E4M3; MLX for the rounding.
 */
public enum ScaleCode {
  /**
   * A power of two, {@code 2^(byte - 127)}: the smallest one that is not below the scale, so that
   * no element is cut off, and 1 for a group of zeros.
   */
  E8M0 {
    @Override
    float round(float s) {
      int bits = Float.floatToRawIntBits(s);
      if (bits >= SMALLEST_NORMAL && bits < INFINITY) {
        // What is no power of two carries into the exponent.
        return Float.intBitsToFloat(bits + FRACTION & ~FRACTION);
      }
      if (s == 0) {
        return 1;
      }
      // As a double no float is subnormal, so the exponent field is floor(log2(s)).
      double floor = Math.scalb(1.0, Math.getExponent((double) s));
      return (float) (floor == s ? floor : 2 * floor);
    }

    @Override
    int encode(float scale) {
      // MLX lets exponents below -127 wrap around in the byte; no model has such small weights.
      return Math.getExponent((double) scale) + 127 & 0xFF;
    }

    @Override
    public float decode(int code) {
      return Math.scalb(1f, code - 127);
    }
  },

  /** A float of 4 exponent and 3 fraction bits, the nearest one as {@link E4M3} rounds. */
  FLOAT8 {
    @Override
    float round(float s) {
      return E4M3.decode(E4M3.encode(s));
    }

    @Override
    int encode(float scale) {
      return E4M3.encode(scale);
    }

    @Override
    public float decode(int code) {
      return E4M3.decode(code);
    }
  };

  private static final int FRACTION = 0x7FFFFF;
  private static final int SMALLEST_NORMAL = 0x800000;
  private static final int INFINITY = 0x7F800000;

  /** The scale to use for {@code s}, which is not negative. */
  abstract float round(float s);

  /** The byte for a scale that has been rounded. */
  abstract int encode(float scale);

  /** The scale that a byte stands for. */
  public abstract float decode(int code);
}
