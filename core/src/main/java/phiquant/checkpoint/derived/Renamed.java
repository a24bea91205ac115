package phiquant.checkpoint.derived;

import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;

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
