package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;
import phiquant.quant.BlockFormat;

/** A format for the rows of one tensor, whose columns have their importance. */
record WeightedRows(SearchedBlock format, Emphasis emphasis) implements BlockFormat {
  /** Weights that are weighed and encoded together, if rows are not longer. */
  private static final int TOGETHER = 1 << 13;

  @Override
  public String name() {
    return format.name();
  }

  @Override
  public int blockSize() {
    return format.blockSize();
  }

  @Override
  public int blockBytes() {
    return format.blockBytes();
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    int columns = emphasis.importance().length;
    int most = Math.max(1, TOGETHER / columns) * columns;
    float[] weights = new float[Math.min(count, most)];
    for (int done = 0; done < count; done += most) {
      int some = Math.min(most, count - done);
      emphasis.weigh(x, from + done, some, weights);
      format.encode(x, from + done, some, weights, out, at + bytes(done));
    }
  }

  @Override
  public void decode(MemorySegment in, long at, float[] y, int from, int count) {
    format.decode(in, at, y, from, count);
  }
}
