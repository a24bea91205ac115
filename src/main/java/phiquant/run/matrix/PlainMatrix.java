package phiquant.run.matrix;

import java.lang.foreign.MemorySegment;

/** What matrices of plain numbers share: rows of equal elements, of any length. */
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

  /** Where an element begins. */
  final long at(int row, int column) {
    return ((long) row * columns + column) * bytes;
  }
}
