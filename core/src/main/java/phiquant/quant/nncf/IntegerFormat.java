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
 * <p>The range always holds zero. NNCF's need not, and then its zero point is cut and the weights
 * of the group are lost; so groups whose weights all have the same sign, which models do not have
 * in practice, are the one place where we differ.
 *
 * @param bits of a code: 4 or 8
 * @param symmetric whether there is no zero point
 */
public record IntegerFormat(int bits, boolean symmetric) implements CompressionFormat {
  public static final IntegerFormat INT4_SYM = new IntegerFormat(4, true);
  public static final IntegerFormat INT4_ASYM = new IntegerFormat(4, false);
  public static final IntegerFormat INT8_SYM = new IntegerFormat(8, true);
  public static final IntegerFormat INT8_ASYM = new IntegerFormat(8, false);

  /** Adding 1.5 · 2^23 leaves a float below 2^22 rounded to even in its lowest bits. */
  static final float ROUND = 12582912f;

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
    float min = 0;
    float max = 0;
    for (int i = from; i < from + count; i++) {
      min = x[i] < min ? x[i] : min;
      max = x[i] > max ? x[i] : max;
    }
    Grid grid = grid(min, max);
    for (int i = 0; i < count; i++) {
      codes[at + i] = code(x[from + i], grid);
    }
    return grid;
  }

  /** The code of one weight. */
  byte code(float x, Grid grid) {
    float level = x / grid.scale() + grid.zeroPoint();
    // Cut first: it gives the same code and keeps the rounding trick within its range.
    level = level >= low() ? level : low();
    level = level <= high() ? level : high();
    return (byte) Float.floatToRawIntBits(level + ROUND);
  }

  @Override
  public float decode(byte code, Grid grid) {
    int signed =
        bits == 8 ? (symmetric ? code : code & 255) : symmetric ? code << 28 >> 28 : code & 15;
    return (signed - grid.zeroPoint()) * grid.scale();
  }

  /** Scale and zero point of a group whose range, zero included, is from {@code min} to max. */
  Grid grid(float min, float max) {
    if (symmetric) {
      return new Grid(Scale.within((-min >= max ? -min : -max) / -low()), 0);
    }
    float scale = Scale.within((max - min) / high());
    return new Grid(scale, (int) Math.min(-Math.rint(min / scale), high()));
  }

  /** The lowest code. */
  float low() {
    return symmetric ? -(1 << (bits - 1)) : 0;
  }

  /** The highest code. */
  float high() {
    return symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  }
}
