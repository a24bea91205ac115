package phiquant.engine.onnx.reader;

import java.util.Arrays;
import java.util.List;
import phiquant.checkpoint.StoredTensor;

/** A vector of zeros: what is left of a weight that a graph has added to another. */
record Zeros(String name, List<Long> shape) implements StoredTensor {
  @Override
  public String format() {
    return "implied";
  }

  /** None: no file holds it. */
  @Override
  public long storedBytes() {
    return 0;
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    Arrays.fill(out, at, at + Math.toIntExact(count * columns()), 0);
  }
}
