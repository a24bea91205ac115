package phiquant.quant.ggml;

/**
 * ggml's rounding: adding 1.5 · 2^23 to a float below 2^22 leaves the nearest integer, ties to
 * even, in its low bits. Source: {@code nearest_int} of ggml-quants.c.
 */
public final class Rounding {
  static final float MAGIC = 12582912f;

  private Rounding() {}

  public static int nearest(float x) {
    return (Float.floatToRawIntBits(x + MAGIC) & 0x007fffff) - 0x00400000;
  }
}
