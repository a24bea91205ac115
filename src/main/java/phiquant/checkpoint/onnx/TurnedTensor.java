package phiquant.checkpoint.onnx;

import java.util.List;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;

/**
 * A matrix that is stored turned, as {@code MatMul} wants it: its rows are the stored columns.
 *
 * @param stored shape [columns, rows]
 */
record TurnedTensor(String name, MappedTensor stored) implements StoredTensor {
  @Override
  public List<Long> shape() {
    return List.of(stored.columns(), stored.rows());
  }

  @Override
  public String format() {
    return stored.format();
  }

  @Override
  public long storedBytes() {
    return stored.storedBytes();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    float[] stripe = new float[count];
    for (int column = 0; column < columns; column++) {
      stored.readColumns(column, 1, Math.toIntExact(first), count, stripe, 0);
      for (int row = 0; row < count; row++) {
        out[at + row * columns + column] = stripe[row];
      }
    }
  }
}
