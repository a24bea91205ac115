package phiquant.run.matrix;

/**
 * A weight matrix {@code W [rows, columns]} that can be multiplied as it is stored. One token at a
 * time it is read once from memory, so the product is fused with decoding; for many tokens tiles of
 * it are decoded first. Nothing in it changes, so that many threads may use it.
 */
public abstract class Matrix {
  /**
   * Parts of rows that can be decoded begin at multiples of this, which all formats' blocks fit.
   */
  public static final int COLUMNS = 256;

  /** Rows that one token after the other is multiplied with: the caches hold them so long. */
  private static final int TOGETHER = 16;

  private final int rows;
  private final int columns;
  private final Needs needs;

  protected Matrix(int rows, int columns, Needs needs) {
    this.rows = rows;
    this.columns = columns;
    this.needs = needs;
  }

  public final int rows() {
    return rows;
  }

  public final int columns() {
    return columns;
  }

  /** What {@link #multiply} needs of its input. */
  public final Needs needs() {
    return needs;
  }

  /** How this format's engine rounds what it multiplies these weights with. */
  public final ActivationRounding rounding() {
    return needs.rounding();
  }

  /**
   * {@code y[yAt + r] = Σ_k W[r, k] · x[k]} for the rows r of {@code [from, to)}.
   *
   * @param input length columns, made ready for this matrix
   * @param yAt where row 0 belongs in y
   */
  public abstract void multiply(int from, int to, Input input, float[] y, int yAt);

  /**
   * The same for a few tokens, each of which gets what it would get alone, to the last bit: the
   * weights are read from memory once for all of them. A kernel that takes them apart once for all
   * does better than this one.
   *
   * @param inputs of which the first {@code tokens} are meant
   * @param y receives the products of each
   * @param yAt where row 0 belongs in each y
   */
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    multiplyInTurn(from, to, inputs, tokens, y, yAt);
  }

  /** With one token after the other, some rows at a time. */
  protected final void multiplyInTurn(
      int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    for (int row = from; row < to; row += TOGETHER) {
      for (int t = 0; t < tokens; t++) {
        multiply(row, Math.min(to, row + TOGETHER), inputs[t], y[t], yAt);
      }
    }
  }

  /**
   * Decodes a part of one row.
   *
   * @param column a multiple of {@link #COLUMNS}
   * @param count a multiple of it, or what is left of the row
   */
  public abstract void read(int row, int column, int count, float[] out, int at);

  /**
   * Decodes a part of several rows.
   *
   * @param stride from one row to the next in {@code out}
   */
  public void read(int row, int rows, int column, int count, float[] out, int at, int stride) {
    for (int r = 0; r < rows; r++) {
      read(row + r, column, count, out, at + r * stride);
    }
  }
}
