package phiquant.run.matrix.ggml;

/**
 * A row of packed weights on its way to the sums of several tokens: what a kernel of one token has
 * in registers for a moment. Codes are shorts, in the order of {@link
 * phiquant.run.matrix.DigitPacking}'s factors; small enough to stay in the first-level cache.
 */
final class Digits {
  private static final ThreadLocal<Digits> OWN = ThreadLocal.withInitial(Digits::new);

  /** One for each weight. */
  short[] codes = new short[0];

  /** One for each 16 weights: scales, as the kernel wants them. */
  float[] scales = new float[0];

  /** The same, for a second factor of scales. */
  float[] units = new float[0];

  private Digits() {}

  /** The calling thread's own, with room for a row. */
  static Digits own(int columns) {
    Digits own = OWN.get();
    if (own.codes.length < columns) {
      own.codes = new short[columns];
      own.scales = new float[columns / 16];
      own.units = new float[columns / 16];
    }
    return own;
  }
}
