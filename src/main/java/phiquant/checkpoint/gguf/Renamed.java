package phiquant.checkpoint.gguf;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

/** A tensor under another name. */
record Renamed(String name, StoredTensor tensor) implements StoredTensor {
  @Override
  public List<Long> shape() {
    return tensor.shape();
  }

  @Override
  public String format() {
    return tensor.format();
  }

  @Override
  public long storedBytes() {
    return tensor.storedBytes();
  }

  @Override
  public Optional<Layout> layout() {
    return tensor.layout();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first, count, out, at);
  }
}
