package phiquant.checkpoint.lora;

import java.util.List;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.WeightSource;

/**
 * A checkpoint that weights are read from, and adapters that lie at hand.
 *
 * @param adapters read beside it, in any order
 */
public record WithAdapters(Checkpoint checkpoint, List<LoraFactors> adapters)
    implements WeightSource {
  @Override
  public void requireUnchanged() {
    checkpoint.requireUnchanged();
    adapters.forEach(adapter -> adapter.files().requireUnchanged());
  }

  @Override
  public void begin(long span) {
    checkpoint.begin(span);
  }

  @Override
  public void passed(long position) {
    checkpoint.passed(position);
  }

  @Override
  public void requireWhole() {
    checkpoint.requireWhole();
    requireUnchanged();
  }
}
