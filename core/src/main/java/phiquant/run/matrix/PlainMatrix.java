package phiquant.run.matrix;

import java.lang.foreign.MemorySegment;

/**
 * What matrices of plain numbers share: rows of equal elements, of any length.
 *
 * <p>Their products are as fast as memory is, if it is asked well. Four distant rows are multiplied
 * at once: with one, the numbers of a long row's factor are read as often as the weights, and push
 * each other out of the first cache (with 8192 columns, half of the speed). And each stream of
 * weights has one load instruction, by which processors recognize what to fetch ahead; a loop that
 * C2 unrolls has many, and others before and after it (a quarter of the speed).
 */
abstract class PlainMatrix implements Matrix {
  final MemorySegment data;
  private final int rows;
  private final int columns;
  private final int bytes;
  private final Rounding rounding;

  PlainMatrix(MemorySegment data, int rows, int columns, int bytes, Rounding rounding) {
    this.data = data;
    this.rows = rows;
    this.columns = columns;
    this.bytes = bytes;
    this.rounding = rounding;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int columns() {
    return columns;
  }

  @Override
  public final Rounding rounding() {
    return rounding;
  }

  /** How far the four rows are apart that are multiplied at once; the last may be done twice. */
  static int apart(int from, int to) {
    return Math.ceilDiv(to - from, 4);
  }

  /** The element that begins at the given byte. */
  abstract float number(long at);

  /**
   * What the columns after the last whole vectors add to the product of a row.
   *
   * @param at where the row begins
   * @param done columns before
   */
  final float rest(long at, int done, float[] x) {
    float sum = 0;
    for (int k = done; k < columns; k++) {
      sum += number(at + (long) k * bytes) * x[k];
    }
    return sum;
  }

  /** Where an element begins. */
  final long at(int row, int column) {
    return ((long) row * columns + column) * bytes;
  }
}
