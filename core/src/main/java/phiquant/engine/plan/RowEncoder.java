package phiquant.engine.plan;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.quant.grid.GridFormat;

/**
 * Turns rows of floats into the bytes of one planned tensor. A tensor may have several parts that
 * lie in different places (blocks, scales, zero points), each with a fixed number of bytes for
 * every {@link #rowMultiple()} rows. Holds no state; called by many threads.
 */
public interface RowEncoder {
  /** Rows come in multiples of this number, but for the tensor's last ones. */
  default int rowMultiple() {
    return 1;
  }

  /**
   * Encodes {@code rows} rows of {@code columns} floats that begin at {@code x[0]}.
   *
   * @param out one segment for each part, of exactly the bytes that these rows take
   */
  void encode(float[] x, int rows, int columns, MemorySegment[] out);

  /**
   * The even grids that rows are put on, for who finds their codes otherwise; empty if nobody can.
   */
  default Optional<GridFormat> grid() {
    return Optional.empty();
  }

  /**
   * The same, for who encodes some of the planned tensor's rows otherwise than others.
   *
   * @param first the planned row that they begin with
   */
  default void encode(float[] x, long first, int rows, int columns, MemorySegment[] out) {
    encode(x, rows, columns, out);
  }
}
