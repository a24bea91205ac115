package phiquant.engine.onnx.writer;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/**
 * Consecutive rows of a stored tensor as a tensor of its own: the checkpoint stacks what the graph
 * multiplies one by one.
 *
 * @param first row of {@code whole}
 */
record RowRange(StoredTensor whole, long first, long rows) implements StoredTensor {
  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public List<Long> shape() {
    return List.of(rows, whole.columns());
  }

  @Override
  public String format() {
    return whole.format();
  }

  @Override
  public long storedBytes() {
    return whole.storedBytes() / whole.rows() * rows;
  }

  @Override
  public void read(long row, int count, float[] out, int at) {
    whole.read(first + row, count, out, at);
  }

  @Override
  public void readColumns(long row, int count, int firstColumn, int width, float[] out, int at) {
    whole.readColumns(first + row, count, firstColumn, width, out, at);
  }
}
