package phiquant.checkpoint.derived;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * A tensor of more than two dimensions as a matrix: a row for each of its first dimension, such as
 * a convolution whose patches do not overlap, which is a product.
 */
public record Flattened(StoredTensor tensor) implements ChangedTensor {
  @Override
  public List<Long> shape() {
    long rows = tensor.shape().getFirst();
    return List.of(rows, tensor.elements() / rows);
  }

  /** Plain numbers lie as they did. */
  @Override
  public Optional<Layout> layout() {
    return tensor.layout().filter(layout -> layout instanceof Layout.Plain);
  }

  private int inner() {
    return Math.toIntExact(columns() / tensor.columns());
  }

  @Override
  public long position(long row) {
    return tensor.position(row * inner());
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first * inner(), Math.multiplyExact(count, inner()), out, at);
  }
}
