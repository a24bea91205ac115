package phiquant.engine.gguf.writer;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.BlockFormat;

/**
 * Encodes the rows of matrices that are piled up, each matrix in a format that knows how much its
 * own columns count.
 *
 * @param formats one for each matrix
 * @param height rows of each
 */
record PiledRows(List<BlockFormat> formats, long height) implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    encode(x, 0, rows, columns, out);
  }

  @Override
  public void encode(float[] x, long first, int rows, int columns, MemorySegment[] out) {
    int done = 0;
    while (done < rows) {
      long row = first + done;
      BlockFormat format = formats.get(Math.toIntExact(row / height));
      int some = (int) Math.min(rows - done, height - row % height);
      format.encode(x, done * columns, some * columns, out[0], format.bytes((long) done * columns));
      done += some;
    }
  }

  /** Rows of a tensor whose columns count as much as {@code importance} says. */
  static RowEncoder of(BlockFormat format, long height, int columns, float[] importance) {
    if (importance.length == columns) {
      return new BlockRows(format.weighted(importance));
    }
    List<BlockFormat> formats =
        IntStream.range(0, importance.length / columns)
            .mapToObj(i -> Arrays.copyOfRange(importance, i * columns, (i + 1) * columns))
            .map(format::weighted)
            .toList();
    return new PiledRows(formats, height);
  }
}
