package phiquant.checkpoint.derived;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * Every other row of a matrix as a matrix of its own: one of two that a file has interleaved.
 *
 * @param first row of {@code whole}
 * @param count rows, each two behind the one before
 */
public record EveryOther(String name, StoredTensor whole, long first, long count)
    implements StoredTensor {
  /** From one row to the next. */
  public static final int STEP = 2;

  @Override
  public List<Long> shape() {
    return List.of(count, whole.columns());
  }

  @Override
  public String format() {
    return whole.format();
  }

  @Override
  public long storedBytes() {
    return whole.storedBytes() / whole.rows() * count;
  }

  /** As the whole lies, of which it takes rows. */
  @Override
  public Optional<Layout> layout() {
    RowSlice both = new RowSlice(name, whole, first / STEP * STEP, STEP * count);
    return both.layout().map(unused -> new Layout.Stepped(both, (int) (first % STEP), STEP));
  }

  @Override
  public long position(long row) {
    return whole.position(first + STEP * row);
  }

  @Override
  public void read(long row, int rows, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    for (int i = 0; i < rows; i++) {
      whole.read(first + STEP * (row + i), 1, out, at + i * columns);
    }
  }

  @Override
  public void readColumns(long row, int rows, int firstColumn, int width, float[] out, int at) {
    for (int i = 0; i < rows; i++) {
      whole.readColumns(first + STEP * (row + i), 1, firstColumn, width, out, at + i * width);
    }
  }
}
