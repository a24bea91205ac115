package phiquant.model.vision;

import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/**
 * A table of positions with the class embedding added to its first row: what the first token begins
 * with is both.
 *
 * @param tensor shape [tokens, features]
 * @param added shape [features]
 */
record ClassRow(StoredTensor tensor, StoredTensor added) implements ChangedTensor {
  @Override
  public Optional<Layout> layout() {
    return Optional.empty();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first, count, out, at);
    if (first == 0 && count > 0) {
      float[] row = new float[Math.toIntExact(columns())];
      added.read(0, 1, row, 0);
      for (int i = 0; i < row.length; i++) {
        out[at + i] += row[i];
      }
    }
  }
}
