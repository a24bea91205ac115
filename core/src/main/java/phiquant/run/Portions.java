package phiquant.run;

/**
 * How a prompt is cut into what is computed at once. Where others wait for their next token,
 * portions are small; but all portions end at multiples of the small ones, and what is left over is
 * computed apart in any case. So a prompt's numbers are the same whoever else is there, because
 * every token's are the same in any batch that is wide enough for products in integers.
 */
final class Portions {
  /** At once if nobody waits: enough to make decoding weights cheap. */
  private static final int LARGE = 256;

  /**
   * At once if somebody does. More than one panel on every machine, since a single one is not
   * multiplied in integers (see {@link phiquant.run.matrix.tokens.CodeGemm#takes}).
   */
  private static final int SMALL = 64;

  private Portions() {}

  /**
   * The next portion's size.
   *
   * @param left tokens of the prompt that have not been computed
   * @param alone whether nobody waits for it
   */
  static int next(int left, boolean alone) {
    int most = alone ? LARGE : SMALL;
    return left >= most ? most : left > SMALL ? left / SMALL * SMALL : left;
  }
}
