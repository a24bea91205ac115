package phiquant.engine.onnx.reader;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/**
 * A product's matrix as the kernels of the convolution that it stands for, as a checkpoint has
 * them; what {@link phiquant.checkpoint.derived.Flattened} makes of them is the matrix again.
 *
 * @param tensor shape [kernels, numbers of one]
 * @param kernel the shape of one, as many numbers
 */
record Unflattened(StoredTensor tensor, List<Long> kernel) implements ChangedTensor {
  @Override
  public List<Long> shape() {
    List<Long> shape = new ArrayList<>(List.of(tensor.rows()));
    shape.addAll(kernel);
    return shape;
  }

  @Override
  public Optional<Layout> layout() {
    return tensor.layout().filter(layout -> layout instanceof Layout.Plain);
  }

  @Override
  public long position(long row) {
    return tensor.position(row * columns() / tensor.columns());
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    long width = tensor.columns();
    long from = first * columns();
    int numbers = Math.toIntExact(count * columns());
    long firstRow = from / width;
    int rows = Math.toIntExact(Math.ceilDiv(from + numbers, width) - firstRow);
    float[] read = new float[Math.toIntExact(rows * width)];
    tensor.read(firstRow, rows, read, 0);
    System.arraycopy(read, Math.toIntExact(from - firstRow * width), out, at, numbers);
  }
}
