package phiquant.pipeline.feedback;

import java.util.List;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;

/**
 * A matrix of which only those rows are known that will be looked up.
 *
 * @param known rows by their number
 */
record SomeRows(StoredTensor whole, Map<Long, float[]> known) implements StoredTensor {
  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public List<Long> shape() {
    return whole.shape();
  }

  @Override
  public String format() {
    return "F32";
  }

  @Override
  public long storedBytes() {
    return 4 * elements();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    for (int r = 0; r < count; r++) {
      System.arraycopy(known.get(first + r), 0, out, at + r * columns, columns);
    }
  }
}
