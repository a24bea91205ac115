package phiquant.run.matrix.tokens;

import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;

/**
 * The product of a matrix with many tokens: a tile of weights is decoded once into the second-level
 * cache and multiplied with every panel of tokens. Decoding costs as much as a few tokens, so that
 * from some dozens on the product runs at the speed of f32 arithmetic, whatever the format.
 */
public final class Gemm {
  /** Columns of a tile: a panel's part of this height stays in the second-level cache. */
  private static final int COLUMNS = 1024;

  /** Rows of a tile. */
  private static final int ROWS = 32;

  private Gemm() {}

  /** Rows that one piece of work should have. */
  public static int grain() {
    return ROWS;
  }

  /** Memory that {@link #add} works in: one for each thread. */
  public static float[] scratch() {
    return new float[ROWS * COLUMNS];
  }

  /**
   * {@code y[r][t] += Σ_k W[r, k] · x[k][t]} for the rows r of {@code [from, to)} and all tokens t.
   */
  public static void add(Matrix w, int from, int to, Panels x, Panels y, float[] scratch) {
    int columns = w.columns();
    for (int row = from; row < to; row += ROWS) {
      int rows = Math.min(ROWS, to - row);
      for (int column = 0; column < columns; column += COLUMNS) {
        int count = Math.min(COLUMNS, columns - column);
        w.read(row, rows, column, count, scratch, 0, COLUMNS);
        int xAt = column * Panels.WIDTH;
        int yAt = row * Panels.WIDTH;
        for (int p = 0; p < x.count(); p++) {
          Tile.BEST.add(scratch, 0, COLUMNS, rows, x.panel(p), xAt, count, y.panel(p), yAt);
        }
      }
    }
  }
}
