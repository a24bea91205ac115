package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointView;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.SparseMixer;

/** A token reads the experts that it takes, each row once, and no byte of the others. */
class ExpertReadsTest {
  private static final int LAYERS = 2;
  private static final int HIDDEN = 512;
  private static final int FEATURES = 256;
  private final AtomicLong bytes = new AtomicLong();
  private final Set<String> read = ConcurrentHashMap.newKeySet();

  /** Tells who reads of it; has no layout, so that nothing is multiplied without being read. */
  private record Counted(StoredTensor tensor, AtomicLong bytes, Set<String> read)
      implements ChangedTensor {
    @Override
    public void read(long first, int count, float[] out, int at) {
      tensor.read(first, count, out, at);
      bytes.addAndGet(count * tensor.storedBytes() / tensor.rows());
      read.add(tensor.name().replaceFirst("\\.w\\d\\.weight$", ""));
    }
  }

  @Test
  void aTokenReadsItsExpertsAlone() {
    try (Checkpoint stored = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      Map<String, StoredTensor> tensors = new LinkedHashMap<>(stored.tensors());
      tensors.replaceAll(
          (name, tensor) -> name.contains(".experts.") ? new Counted(tensor, bytes, read) : tensor);
      Checkpoint counted = new CheckpointView(stored, stored.config(), tensors, stored.notices());
      try (LanguageModel model = LanguageModel.of(counted, RunOptions.exact())) {
        assertThat(bytes).hasValue(0);
        model.logits(new int[] {4711}, model.cache(1));
      }
      // Three matrices in bf16.
      long each = 3L * HIDDEN * FEATURES * 2;
      assertThat(bytes).hasValue(LAYERS * SparseMixer.CHOSEN * each);
      assertThat(read).hasSize(LAYERS * SparseMixer.CHOSEN);
    }
  }
}
