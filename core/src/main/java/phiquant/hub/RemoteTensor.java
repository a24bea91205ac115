package phiquant.hub;

import java.util.List;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;

/**
 * A tensor of plain elements that comes over the network when its rows are read.
 *
 * @param begin of its bytes among all that come
 * @param feed brings them
 */
record RemoteTensor(String name, DType dtype, List<Long> shape, long begin, Feed feed)
    implements StoredTensor {
  @Override
  public String format() {
    return dtype.name();
  }

  @Override
  public long storedBytes() {
    return elements() * dtype.bytes();
  }

  @Override
  public long position(long row) {
    return begin + row * columns() * dtype.bytes();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    decode(first * columns(), Math.toIntExact(count * columns()), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    for (int row = 0; row < count; row++) {
      decode((first + row) * columns() + firstColumn, width, out, at + row * width);
    }
  }

  /** As a file with just these elements would be read. */
  private void decode(long element, int count, float[] out, int at) {
    if (count == 0) {
      return;
    }
    feed.show(
        begin + element * dtype.bytes(),
        Math.multiplyExact(count, dtype.bytes()),
        bytes ->
            new MappedTensor(name, dtype, List.of((long) count), 0, bytes).read(0, 1, out, at));
  }
}
