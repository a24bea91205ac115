package phiquant.engine.gguf.writer;

import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/** Each row of a tensor minus its mean. */
record CentredRows(StoredTensor tensor) implements ChangedTensor {
  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first, count, out, at);
    int columns = Math.toIntExact(columns());
    for (int row = 0; row < count; row++) {
      int from = at + row * columns;
      double sum = 0;
      for (int i = from; i < from + columns; i++) {
        sum += out[i];
      }
      for (int i = from; i < from + columns; i++) {
        out[i] = (float) (out[i] - sum / columns);
      }
    }
  }
}
