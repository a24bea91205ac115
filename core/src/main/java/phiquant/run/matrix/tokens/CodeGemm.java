package phiquant.run.matrix.tokens;

import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.TokenCodes;
import phiquant.run.matrix.codes.SmallCodes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * {@link Gemm} in integers, for weights of few bits and tokens that their engine rounds to bytes: a
 * tile of weights is unpacked once and multiplied with every pair of panels. Offsets of groups are
 * multiplied with the groups' sums, as one more small product of floats.
 */
public final class CodeGemm {
  /** From six bits on, so few products fit sixteen bits that floats are as fast. */
  private static final int BITS = 5;

  private final WeightCodes tile = new WeightCodes();
  private final int[] sums = CodeTile.sums(WeightCodes.COLUMNS, CodeTile.run(BITS));

  /** Whether a product may be taken here; a single panel is faster in floats. */
  public static boolean takes(Matrix w, Panels x) {
    return w instanceof SmallCodes small
        && small.unpacking().bits() <= BITS
        && small.unpacking().group() == TokenCodes.BLOCK
        && w.columns() % TokenCodes.BLOCK == 0
        && w.rows() % CodeTile.ROWS == 0
        && w.rounding().fitsCodes()
        && x.count() > 1;
  }

  /**
   * {@code y[r][t] += Σ_k W[r, k] · x[k][t]} for the rows r of {@code [from, to)} and all tokens t;
   * as {@link Gemm#add}, from a multiple of {@link Gemm#grain} on.
   */
  public void add(Matrix w, int from, int to, TokenCodes x, Panels y) {
    Unpacking unpacking = ((SmallCodes) w).unpacking();
    int columns = w.columns();
    for (int row = from; row < to; row += WeightCodes.ROWS) {
      int rows = Math.min(WeightCodes.ROWS, to - row);
      for (int column = 0; column < columns; column += WeightCodes.COLUMNS) {
        int count = Math.min(WeightCodes.COLUMNS, columns - column);
        for (int r = 0; r < rows; r++) {
          tile.read(unpacking, (row + r) * (long) columns + column, count, r);
        }
        for (int p = 0; p < y.count(); p += 2) {
          add(unpacking, row, rows, x, column, count, y, p);
        }
      }
    }
  }

  /** The tile times panels p and p + 1; if p is the last, it stands for both. */
  private void add(
      Unpacking unpacking,
      int row,
      int rows,
      TokenCodes x,
      int column,
      int count,
      Panels y,
      int p) {
    int last = Math.min(p + 1, y.count() - 1);
    int run = CodeTile.run(unpacking.bits());
    int shift = Integer.numberOfTrailingZeros(TokenCodes.BLOCK / run);
    int xAt = column * (Panels.WIDTH / 2);
    int blockAt = column / TokenCodes.BLOCK * Panels.WIDTH;
    for (int r = 0; r < rows; r += CodeTile.ROWS) {
      int wAt = r * WeightCodes.COLUMNS;
      CodeTile.add(
          tile.codes, wAt, WeightCodes.COLUMNS, x.codes[p], x.codes[last], xAt, count, run, sums);
      for (int q = p; q <= last; q++) {
        CodeTile.scale(
            sums,
            q - p,
            count / run,
            shift,
            tile.scales,
            r * WeightCodes.GROUPS,
            WeightCodes.GROUPS,
            x.steps[q],
            blockAt,
            y.panel(q),
            (row + r) * Panels.WIDTH);
      }
    }
    if (unpacking.hasOffsets() || unpacking.centre() != 0) {
      int blocks = count / TokenCodes.BLOCK;
      for (int q = p; q <= last; q++) {
        Tile.BEST.add(
            tile.offsets,
            0,
            WeightCodes.GROUPS,
            rows,
            x.sums[q],
            blockAt,
            blocks,
            y.panel(q),
            row * Panels.WIDTH);
      }
    }
  }
}
