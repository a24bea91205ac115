package phiquant;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.fixtures.OddCheckpoints;
import phiquant.model.PhiModel;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * Checkpoints as people have them come out right: as the model that they were before they became
 * odd, whose GGUF and logits {@code GgufGoldenTest} and {@code TinyPhiLogitsTest} hold to
 * convert_hf_to_gguf's and transformers', or as one line that says what is wrong.
 */
class OddCheckpointsTest {
  private static final int[] TOKENS = {1, 319, 1243, 29871, 13};

  /** The bases' GGUF files, made once. */
  @TempDir static Path bases;

  private static final Map<Path, Path> BASE_FILES = new HashMap<>();

  @TempDir Path folder;

  @Test
  @DisplayName("same as base; its name is Phi-4-mini-instruct, not the commit")
  void aSnapshotOfTheHubsCacheIsItsRepository() throws IOException {
    Path snapshot = OddCheckpoints.HUB_CACHE.in(folder).resolve(OddCheckpoints.SNAPSHOT);
    assertSameLogits(snapshot, OddCheckpoints.HUB_CACHE.base());
  }

  /** The same GGUF file, byte for byte, and the same logits. */
  private void assertSameAsBase(OddCheckpoints odd) throws IOException {
    // Called as the base is, for a GGUF carries its model's name.
    Path checkpoint = odd.in(folder, odd.base().getFileName().toString());
    assertSame(checkpoint, odd.base());
  }

  private void assertSame(Path checkpoint, Path base) throws IOException {
    assertThat(Files.mismatch(gguf(checkpoint, folder.resolve("out")), baseFile(base)))
        .as("first byte of the GGUF that differs")
        .isEqualTo(-1);
    assertSameLogits(checkpoint, base);
  }

  /** Kernels may add up in another order from one run to the next, so to rounding. */
  private static void assertSameLogits(Path checkpoint, Path base) {
    assertThat(farthest(logits(checkpoint), logits(base))).isLessThan(1e-4);
  }

  private static double farthest(float[] a, float[] b) {
    double most = a.length == b.length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  private static Path baseFile(Path base) {
    return BASE_FILES.computeIfAbsent(base, path -> gguf(path, bases));
  }

  private static Path gguf(Path checkpoint, Path out) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).to("gguf:BF16").into(out).get(0);
    }
  }

  private static float[] logits(Path checkpoint) {
    try (LanguageModel model = LanguageModel.open(checkpoint, RunOptions.exact())) {
      return model.logits(TOKENS, model.cache(TOKENS.length));
    }
  }

  private static List<String> notices(Path checkpoint) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return PhiModel.of(source).notices();
    }
  }
}
