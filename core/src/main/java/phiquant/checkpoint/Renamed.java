package phiquant.checkpoint;

import java.util.List;
import java.util.Optional;

/** A tensor under another name. */
public record Renamed(String name, StoredTensor tensor) implements StoredTensor {
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
