package phiquant.checkpoint.derived;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * Matrices of one shape one behind the other, {@code [matrices, rows, columns]}: what engines make
 * of a layer's experts.
 */
public record Piled(String name, List<StoredTensor> parts) implements StoredTensor {
  private Stacked rowByRow() {
    return new Stacked(name, parts);
  }

  @Override
  public List<Long> shape() {
    return List.of((long) parts.size(), parts.getFirst().rows(), parts.getFirst().columns());
  }

  @Override
  public String format() {
    return rowByRow().format();
  }

  @Override
  public long storedBytes() {
    return rowByRow().storedBytes();
  }

  @Override
  public Optional<Layout> layout() {
    return rowByRow().layout();
  }

  @Override
  public long position(long row) {
    return rowByRow().position(row);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    rowByRow().read(first, count, out, at);
  }

  /** The matrices of such a tensor, each under a name of its own. */
  public static List<StoredTensor> apart(StoredTensor piled, List<String> names) {
    long rows = piled.shape().get(1);
    List<StoredTensor> parts = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      parts.add(new RowSlice(names.get(i), piled, i * rows, rows));
    }
    return List.copyOf(parts);
  }
}
