package phiquant.checkpoint.derived;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * Matrices of the same width one below the other, as one: what others keep apart, such as query,
 * key and value, Phi-3 has fused. Or vectors end to end, which are the biases of such matrices.
 */
public record Stacked(String name, List<StoredTensor> parts) implements StoredTensor {
  private boolean isVector() {
    return parts.getFirst().shape().size() == 1;
  }

  @Override
  public List<Long> shape() {
    return isVector()
        ? List.of(parts.stream().mapToLong(StoredTensor::elements).sum())
        : List.of(parts.stream().mapToLong(StoredTensor::rows).sum(), parts.getFirst().columns());
  }

  @Override
  public String format() {
    return parts.getFirst().format();
  }

  @Override
  public long storedBytes() {
    return parts.stream().mapToLong(StoredTensor::storedBytes).sum();
  }

  @Override
  public Optional<Layout> layout() {
    return isVector() ? Optional.empty() : Optional.of(new Layout.Stacked(parts));
  }

  @Override
  public long position(long row) {
    return parts.stream().mapToLong(part -> part.position(0)).min().orElse(0);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    if (isVector()) {
      int next = at;
      for (StoredTensor part : count == 1 ? parts : List.<StoredTensor>of()) {
        part.read(0, 1, out, next);
        next += Math.toIntExact(part.elements());
      }
      return;
    }
    int columns = Math.toIntExact(columns());
    each(
        first,
        count,
        (part, from, rows, before) -> part.read(from, rows, out, at + before * columns));
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    if (isVector()) {
      StoredTensor.super.readColumns(first, count, firstColumn, width, out, at);
      return;
    }
    each(
        first,
        count,
        (part, from, rows, before) ->
            part.readColumns(from, rows, firstColumn, width, out, at + before * width));
  }

  /** Some rows of a part. */
  private interface Rows {
    void take(StoredTensor part, long from, int rows, int before);
  }

  /** Gives the rows {@code [first, first + count)} by the parts that they lie in. */
  private void each(long first, int count, Rows rows) {
    long begin = 0;
    for (StoredTensor part : parts) {
      long from = Math.max(first, begin);
      long to = Math.min(first + count, begin + part.rows());
      if (from < to) {
        rows.take(part, from - begin, (int) (to - from), (int) (from - first));
      }
      begin += part.rows();
    }
  }
}
