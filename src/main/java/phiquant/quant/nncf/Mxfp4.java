package phiquant.quant.nncf;

/**
 * Microscaling FP4 (OCP Microscaling Formats v1.0, 2023): groups of 32 weights share a power of
 * two, stored as its exponent plus 127 (E8M0); a code is a sign, two exponent bits and one mantissa
 * bit (E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6). NNCF takes the smallest power of two that brings the
 * largest magnitude to 6 or below. Halfway values take the even code.
 */
public record Mxfp4() implements GroupFormat {
  /** The group size that the specification fixes. */
  public static final int GROUP = 32;

  private static final float[] LEVELS = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

  @Override
  public String name() {
    return "mxfp4";
  }

  @Override
  public int bits() {
    return 4;
  }

  @Override
  public boolean hasZeroPoint() {
    return false;
  }

  @Override
  public int scaleBits() {
    return 8;
  }

  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    float ratio = IntegerFormat.atLeastEpsilon(Magnitude.of(x, from, count)) / 6;
    int exponent = Math.getExponent(ratio);
    if (ratio != Math.scalb(1f, exponent)) {
      exponent++;
    }
    float scale = Math.scalb(1f, exponent);
    for (int i = 0; i < count; i++) {
      codes[at + i] = (byte) nearest(x[from + i] / scale);
    }
    return new Grid(scale, 0);
  }

  @Override
  public float decode(byte code, Grid grid) {
    float magnitude = LEVELS[code & 7] * grid.scale();
    return (code & 8) == 0 ? magnitude : -magnitude;
  }

  private static int nearest(float value) {
    float magnitude = Math.abs(value);
    int code = 0;
    for (int level = 1; level < LEVELS.length; level++) {
      float middle = (LEVELS[level - 1] + LEVELS[level]) / 2;
      // An even code wins a tie.
      if (magnitude > middle || (magnitude == middle && (level & 1) == 0)) {
        code = level;
      }
    }
    return value < 0 ? code | 8 : code;
  }
}
