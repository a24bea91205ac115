package phiquant.engine.onnx.writer.attention;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/** Two tensors of the same width as one, the rows of the second below those of the first. */
record Below(StoredTensor top, StoredTensor bottom) implements StoredTensor {
  @Override
  public String name() {
    return top.name();
  }

  @Override
  public List<Long> shape() {
    return List.of(top.rows() + bottom.rows(), top.columns());
  }

  @Override
  public String format() {
    return top.format();
  }

  @Override
  public long storedBytes() {
    return top.storedBytes() + bottom.storedBytes();
  }

  @Override
  public long position(long row) {
    return Math.min(top.position(0), bottom.position(0));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int above = (int) Math.clamp(top.rows() - first, 0, (long) count);
    if (above > 0) {
      top.read(first, above, out, at);
    }
    if (above < count) {
      int from = at + Math.toIntExact(above * columns());
      bottom.read(first + above - top.rows(), count - above, out, from);
    }
  }
}
