package phiquant.checkpoint.derived;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/**
 * Matrices of one shape with their rows dealt out in turn: the first row of each, then the second
 * of each. What ONNX Runtime's experts want of gate and up.
 */
public record Interleaved(String name, List<StoredTensor> parts) implements StoredTensor {
  /** Floats that are read of a part at once: one row is too few to be decoded by vectors. */
  private static final int TOGETHER = 1 << 15;

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
    int step = parts.size();
    int most = Math.clamp(TOGETHER / columns, 1, Math.max(1, Math.ceilDiv(count, step)));
    float[] some = new float[most * columns];
    for (int p = 0; p < step; p++) {
      int begin = (int) Math.floorMod(p - first, (long) step);
      for (int i = begin; i < count; i += most * step) {
        int rows = Math.min(most, Math.ceilDiv(count - i, step));
        parts.get(p).read((first + i) / step, rows, some, 0);
        for (int r = 0; r < rows; r++) {
          System.arraycopy(some, r * columns, out, at + (i + r * step) * columns, columns);
        }
      }
    }
  }
}
