package phiquant.quant.grid;

import java.lang.foreign.MemorySegment;

/**
 * A number format whose codes stand on even grids, for who finds the codes himself: it lays the
 * grids, and writes what was put on them. Holds no state; used by many threads.
 */
public interface GridFormat {
  /** What grids it has. */
  GridRule rule();

  /** Weights of a row that share a grid; whole rows are made of such groups. */
  int group();

  /**
   * Lays the grids of least weighted error, as they are stored.
   *
   * @param x shape {@code [rows, columns]}
   * @param importance of each column, not negative
   * @param scales receives shape {@code [rows, groups]}
   * @param offsets likewise: codes of zero, or offsets, as the rule has them; 0 where it has none
   */
  void lay(float[] x, int rows, float[] importance, float[] scales, float[] offsets);

  /**
   * Rows that have been rounded.
   *
   * @param codes shape {@code [rows, columns]}, unsigned: levels counted from the lowest
   * @param scales shape {@code [rows, groups]}
   * @param offsets likewise
   */
  record Rows(byte[] codes, float[] scales, float[] offsets, int rows) {}

  /** Writes rows as the format's own encoder does, part by part. */
  void write(Rows rows, MemorySegment... out);
}
