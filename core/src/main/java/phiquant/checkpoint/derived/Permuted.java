package phiquant.checkpoint.derived;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/**
 * A tensor of four dimensions with the last three in another order: engines disagree about where a
 * convolution's kernel has its colors.
 *
 * @param tensor as it is stored
 * @param order which of its dimensions 1 to 3 becomes the second, the third and the last
 */
public record Permuted(StoredTensor tensor, List<Integer> order) implements ChangedTensor {
  /** From [out, in, height, width], as PyTorch has it, to [out, height, width, in]. */
  public static Permuted channelsLast(StoredTensor tensor) {
    return new Permuted(tensor, List.of(2, 3, 1));
  }

  /** The way back. */
  public static Permuted channelsFirst(StoredTensor tensor) {
    return new Permuted(tensor, List.of(3, 1, 2));
  }

  @Override
  public List<Long> shape() {
    List<Long> stored = tensor.shape();
    return List.of(stored.get(0), at(stored, 0), at(stored, 1), at(stored, 2));
  }

  private long at(List<Long> stored, int place) {
    return stored.get(order.get(place));
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.empty();
  }

  @Override
  public long position(long row) {
    return tensor.position(row / (rows() / shape().getFirst()) * storedRows());
  }

  /** Stored rows of one of the first dimension. */
  private long storedRows() {
    return tensor.rows() / shape().getFirst();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    int height = Math.toIntExact(rows() / shape().getFirst());
    float[] block = new float[height * columns];
    long loaded = -1;
    for (long row = first; row < first + count; row++, at += columns) {
      if (row / height != loaded) {
        loaded = row / height;
        int rows = Math.toIntExact(storedRows());
        tensor.read(loaded * rows, rows, block, 0);
      }
      pick(block, Math.toIntExact(row % height), columns, out, at);
    }
  }

  private void pick(float[] block, int row, int columns, float[] out, int at) {
    int[] place = new int[4];
    int second = Math.toIntExact(shape().get(2));
    place[order.get(0)] = row / second;
    place[order.get(1)] = row % second;
    List<Long> stored = tensor.shape();
    for (int column = 0; column < columns; column++) {
      place[order.get(2)] = column;
      long index = (place[1] * stored.get(2) + place[2]) * stored.get(3) + place[3];
      out[at + column] = block[Math.toIntExact(index)];
    }
  }
}
