package phiquant.checkpoint.derived;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * Consecutive rows of a matrix, or elements of a vector, as a tensor of their own: what a file has
 * fused and others keep apart.
 *
 * @param first row, or element, of {@code whole}
 */
public record RowSlice(String name, StoredTensor whole, long first, long count)
    implements StoredTensor {

  /** The whole that slices are all of, in their order; empty if they are not. */
  public static Optional<StoredTensor> whole(List<StoredTensor> parts) {
    long next = 0;
    StoredTensor whole = parts.getFirst() instanceof RowSlice slice ? slice.whole() : null;
    for (StoredTensor part : parts) {
      if (!(part instanceof RowSlice slice) || slice.whole() != whole || slice.first() != next) {
        return Optional.empty();
      }
      next += slice.count();
    }
    boolean all = next == (whole.shape().size() == 1 ? whole.elements() : whole.rows());
    return all && whole.shape().size() < 3 ? Optional.of(whole) : Optional.empty();
  }

  private boolean isVector() {
    return whole.shape().size() == 1;
  }

  @Override
  public List<Long> shape() {
    return isVector() ? List.of(count) : List.of(count, whole.columns());
  }

  @Override
  public String format() {
    return whole.format();
  }

  @Override
  public long storedBytes() {
    return whole.storedBytes() / (isVector() ? whole.elements() : whole.rows()) * count;
  }

  @Override
  public Optional<Layout> layout() {
    return isVector()
        ? Optional.empty()
        : whole.layout().flatMap(layout -> layout.slice(first, count, whole.rows()));
  }

  @Override
  public long position(long row) {
    return whole.position(isVector() ? 0 : first + row);
  }

  @Override
  public void read(long row, int rows, float[] out, int at) {
    if (!isVector()) {
      whole.read(first + row, rows, out, at);
    } else if (rows > 0) {
      float[] all = new float[Math.toIntExact(whole.elements())];
      whole.read(0, 1, all, 0);
      System.arraycopy(all, Math.toIntExact(first), out, at, Math.toIntExact(count));
    }
  }

  @Override
  public void readColumns(long row, int rows, int firstColumn, int width, float[] out, int at) {
    if (isVector()) {
      StoredTensor.super.readColumns(row, rows, firstColumn, width, out, at);
    } else {
      whole.readColumns(first + row, rows, firstColumn, width, out, at);
    }
  }
}
