package phiquant.quant.nncf;

/**
 * Integers on an even grid, the codes of NNCF's {@code int4_sym}, {@code int4_asym}, {@code
 * int8_sym} and {@code int8_asym}.
 *
 * <p>Symmetric: {@code w ≈ q · s}, q from -2^(b-1) to 2^(b-1) - 1. The scale is signed, so that the
 * weight of largest magnitude falls on the end of the range that has one code more. Asymmetric:
 * {@code w ≈ (q - z) · s}, q and z from 0 to 2^b - 1. Rounding is to even, as OpenVINO's {@code
 * Round} does it.
 *
 * @param bits of a code: 4 or 8
 * @param symmetric whether there is no zero point
 */
public record IntegerFormat(int bits, boolean symmetric) implements GroupFormat {
  public static final IntegerFormat INT4_SYM = new IntegerFormat(4, true);
  public static final IntegerFormat INT4_ASYM = new IntegerFormat(4, false);
  public static final IntegerFormat INT8_SYM = new IntegerFormat(8, true);
  public static final IntegerFormat INT8_ASYM = new IntegerFormat(8, false);

  /** Adding and subtracting 1.5 · 2^23 rounds a float below 2^22 to the nearest even integer. */
  private static final float ROUND = 12582912f;

  @Override
  public String name() {
    return "int" + bits + (symmetric ? " sym" : " asym");
  }

  @Override
  public boolean hasZeroPoint() {
    return !symmetric;
  }

  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    Grid grid = grid(x, from, count);
    float scale = grid.scale();
    float zero = grid.zeroPoint();
    float low = low();
    float high = high();
    for (int i = 0; i < count; i++) {
      float level = x[from + i] / scale + zero;
      // Clamped first: it gives the same code and keeps the rounding trick within its range.
      float clamped = Math.min(Math.max(level, low), high);
      codes[at + i] = (byte) (int) ((clamped + ROUND) - ROUND);
    }
    return grid;
  }

  @Override
  public float decode(byte code, Grid grid) {
    int signed =
        bits == 8 ? (symmetric ? code : code & 255) : symmetric ? code << 28 >> 28 : code & 15;
    return (signed - grid.zeroPoint()) * grid.scale();
  }

  /** Scale and zero point of a group. */
  private Grid grid(float[] x, int from, int count) {
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      min = Math.min(min, x[i]);
      max = Math.max(max, x[i]);
    }
    if (symmetric) {
      float magnitude = Math.abs(min);
      return new Grid(atLeastEpsilon((magnitude >= max ? magnitude : -max) / -low()), 0);
    }
    float scale = atLeastEpsilon((max - min) / high());
    double zero = 0 - Math.rint(min / scale);
    return new Grid(scale, (int) Math.min(Math.max(zero, 0), high()));
  }

  private float low() {
    return symmetric ? -(1 << (bits - 1)) : 0;
  }

  private float high() {
    return symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  }

  static float atLeastEpsilon(float scale) {
    return Math.abs(scale) < EPSILON ? EPSILON : scale;
  }
}
