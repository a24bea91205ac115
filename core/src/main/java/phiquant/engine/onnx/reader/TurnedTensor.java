package phiquant.engine.onnx.reader;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
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
  public Optional<Layout> layout() {
    return Optional.of(new Layout.Turned(new Layout.Plain(stored.dtype(), stored.data())));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    readColumns(first, count, 0, Math.toIntExact(columns()), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    float[] stripe = new float[count];
    for (int column = 0; column < width; column++) {
      stored.readColumns(firstColumn + column, 1, Math.toIntExact(first), count, stripe, 0);
      for (int row = 0; row < count; row++) {
        out[at + row * width + column] = stripe[row];
      }
    }
  }
}
