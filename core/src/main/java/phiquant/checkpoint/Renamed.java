package phiquant.checkpoint;

import java.util.Optional;

/** A tensor under another name. */
public record Renamed(String name, StoredTensor tensor) implements ChangedTensor {
  @Override
  public Optional<Layout> layout() {
    return tensor.layout();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first, count, out, at);
  }
}
