package phiquant.run;

/**
 * How a prompt is cut into what is computed at once. Where others wait for their next token,
 * portions are small. Wherever it is cut, a prompt's numbers are the same, whoever else is there:
 * every token's are the same in any batch that is wide enough for products in integers, and no cut
 * leaves a batch that is not.
 */
final class Portions {
  /** At once if nobody waits: enough to make decoding weights cheap. */
  private static final int LARGE = 256;

  /** At once if somebody does, but for what would be left over. */
  private static final int SMALL = 64;

  /**
   * What is not cut off: as many tokens as a panel holds with the widest vectors. A single panel is
   * not multiplied in integers (see {@link phiquant.run.matrix.tokens.CodeGemm#takes}), and would
   * want kernels, decoding and a compiler's time of its own.
   */
  private static final int REST = 32;

  private Portions() {}

  /**
   * The next portion's size.
   *
   * @param left tokens of the prompt that have not been computed
   * @param alone whether nobody waits for it
   */
  static int next(int left, boolean alone) {
    int most = alone ? LARGE : SMALL + REST;
    if (left <= most) {
      return left;
    }
    int portion = alone ? LARGE : SMALL;
    return left - portion > REST ? portion : portion - SMALL;
  }
}
