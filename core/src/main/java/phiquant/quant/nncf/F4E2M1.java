package phiquant.quant.nncf;

/**
 * Microscaling FP4 (OCP Microscaling Formats v1.0, 2023): groups of 32 weights share a power of
 * two, stored as its exponent plus 127 (E8M0); a code is a sign, two exponent bits and one mantissa
 * bit (E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6). NNCF takes the smallest power of two that brings the
 * largest magnitude to 6 or below. Halfway values take the even code.
 */
public record F4E2M1() implements LevelFormat {
  /** The group size that the specification fixes. */
  public static final int GROUP = 32;

  private static final float[] LEVELS = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

  /** A magnitude's code is the number of these that lie below it. */
  static final float[] MIDDLES = middles();

  private static float[] middles() {
    float[] middles = new float[LEVELS.length - 1];
    for (int i = 0; i < middles.length; i++) {
      float middle = (LEVELS[i] + LEVELS[i + 1]) / 2;
      // Just below the middle where the upper code is even, so that it wins a tie.
      middles[i] = i % 2 == 0 ? middle : Math.nextDown(middle);
    }
    return middles;
  }

  @Override
  public String name() {
    return "mxfp4";
  }

  @Override
  public int scaleBits() {
    return 8;
  }

  @Override
  public Grid grid(float largest) {
    float ratio = Math.max(largest, Scale.LEAST) / LEVELS[LEVELS.length - 1];
    int exponent = Math.getExponent(ratio);
    return new Grid(Math.scalb(1f, ratio == Math.scalb(1f, exponent) ? exponent : exponent + 1), 0);
  }

  @Override
  public byte code(float x, Grid grid) {
    float level = x / grid.scale();
    int code = level < 0 ? 8 : 0;
    for (float middle : MIDDLES) {
      code += Math.abs(level) > middle ? 1 : 0;
    }
    return (byte) code;
  }

  @Override
  public float decode(byte code, Grid grid) {
    float magnitude = LEVELS[code & 7] * grid.scale();
    return (code & 8) == 0 ? magnitude : -magnitude;
  }
}
