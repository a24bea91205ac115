package phiquant.checkpoint;

import java.util.List;
import java.util.Optional;

/**
 * Matrices of the same width one below the other, as one: what others keep apart, such as query,
 * key and value, Phi-3 has fused.
 */
public record Stacked(String name, List<StoredTensor> parts) implements StoredTensor {
  @Override
  public List<Long> shape() {
    return List.of(parts.stream().mapToLong(StoredTensor::rows).sum(), parts.get(0).columns());
  }

  @Override
  public String format() {
    return parts.get(0).format();
  }

  @Override
  public long storedBytes() {
    return parts.stream().mapToLong(StoredTensor::storedBytes).sum();
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(new Layout.Stacked(parts));
  }

  @Override
  public long position(long row) {
    return parts.stream().mapToLong(part -> part.position(0)).min().orElse(0);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    long begin = 0;
    int columns = Math.toIntExact(columns());
    for (StoredTensor part : parts) {
      long from = Math.max(first, begin);
      long to = Math.min(first + count, begin + part.rows());
      if (from < to) {
        part.read(from - begin, (int) (to - from), out, at + (int) (from - first) * columns);
      }
      begin += part.rows();
    }
  }
}
