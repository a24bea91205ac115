package phiquant.checkpoint;

import java.util.List;

/**
 * Matrices of one shape with their rows dealt out in turn: the first row of each, then the second
 * of each. What ONNX Runtime's experts want of gate and up.
 */
public record Interleaved(String name, List<StoredTensor> parts) implements StoredTensor {
  @Override
  public List<Long> shape() {
    return List.of(parts.size() * parts.getFirst().rows(), parts.getFirst().columns());
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
  public long position(long row) {
    return parts.stream().mapToLong(part -> part.position(0)).min().orElse(0);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    for (int i = 0; i < count; i++) {
      long row = first + i;
      StoredTensor part = parts.get((int) (row % parts.size()));
      part.read(row / parts.size(), 1, out, at + i * columns);
    }
  }
}
