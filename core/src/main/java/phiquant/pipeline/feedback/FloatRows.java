package phiquant.pipeline.feedback;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * A matrix in memory, of floats.
 *
 * @param data shape {@code [rows, columns]}
 */
record FloatRows(String name, List<Long> shape, MemorySegment data) implements StoredTensor {
  @Override
  public String format() {
    return "F32";
  }

  @Override
  public long storedBytes() {
    return data.byteSize();
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(new Layout.Plain(DType.F32, data));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    MemorySegment.copy(data, JAVA_FLOAT, 4 * first * columns, out, at, count * columns);
  }

  /** Takes all rows of a matrix of the same shape. */
  void fill(StoredTensor other) {
    float[] row = new float[Math.toIntExact(columns())];
    for (long r = 0; r < rows(); r++) {
      other.read(r, 1, row, 0);
      put(r, 1, row);
    }
  }

  /** Replaces rows. */
  void put(long first, int count, float[] rows) {
    int columns = Math.toIntExact(columns());
    MemorySegment.copy(rows, 0, data, JAVA_FLOAT, 4 * first * columns, count * columns);
  }
}
