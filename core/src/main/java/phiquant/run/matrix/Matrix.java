package phiquant.run.matrix;

/**
 * A weight matrix {@code W [rows, columns]} that can be multiplied as it is stored. One token at a
 * time it is read once from memory, so the product is fused with decoding; for many tokens {@link
 * Gemm} decodes tiles of it. Implementations hold no state that changes and may be used by many
 * threads.
 */
public interface Matrix {
  int rows();

  int columns();

  /**
   * {@code y[yAt + r] = Σ_k W[r, k] · x[k]} for the rows r of {@code [from, to)}.
   *
   * @param input length columns
   * @param yAt where row 0 belongs in y
   */
  void multiply(int from, int to, Input input, float[] y, int yAt);

  /**
   * Decodes a part of one row.
   *
   * @param column a multiple of {@link #COLUMNS}
   * @param count a multiple of it, or what is left of the row
   */
  void read(int row, int column, int count, float[] out, int at);

  /**
   * Decodes a part of several rows.
   *
   * @param stride from one row to the next in {@code out}
   */
  default void read(int row, int rows, int column, int count, float[] out, int at, int stride) {
    for (int r = 0; r < rows; r++) {
      read(row + r, column, count, out, at + r * stride);
    }
  }

  /** How this format's engine rounds what it multiplies these weights with. */
  Rounding rounding();

  /** What {@link Input} has to hold so that this is multiplied in integers. */
  default Packing packing() {
    return Packing.NONE;
  }

  /**
   * What {@link Input#pairs} have to be multiplied with at least, or 0 if this does not read
   * weights in pairs.
   */
  default float lift() {
    return 0;
  }

  /** Whether this is multiplied with {@link Input#planes}. */
  default boolean planes() {
    return false;
  }

  /**
   * Parts of rows that can be decoded begin at multiples of this, which all formats' blocks fit.
   */
  int COLUMNS = 256;
}
