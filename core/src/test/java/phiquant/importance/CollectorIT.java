package phiquant.importance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engines.Engines;
import phiquant.engines.LlamaCollector;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.model.phi.Family;

/** Our matrix is the one that llama.cpp collects from the same file and tokens. */
class CollectorIT {
  private static final int TOKENS = 1024;

  @TempDir Path folder;

  /** The tied head too, which llama-imatrix leaves out unless it is asked for it. */
  @ParameterizedTest
  @ValueSource(strings = {"smolphi-wide", "phi-3.5-mini", "phi-4-mini", "phi-2"})
  void theSumsAreThoseThatLlamaCollects(String kind) {
    Path source = kind.equals("smolphi-wide") ? Fixtures.smolPhiWide() : Fixtures.tiny(kind);
    Path file;
    try (Checkpoint checkpoint = Checkpoints.open(source)) {
      file = Quantize.of(checkpoint).to("gguf:F32").into(folder).get(0);
    }
    LlamaLibrary library = LlamaLibrary.open(Engines.llamaLibrary());
    LlamaCollector theirs = new LlamaCollector(library);
    try (Checkpoint checkpoint = Checkpoints.open(file)) {
      Importance ours =
          Calibrate.of(checkpoint).tokens(TOKENS).into(folder.resolve("calibration.gguf"));
      int[][] sequences =
          Sequences.of(Family.model(checkpoint), CalibrationText.builtIn(), TOKENS).sequences();
      try (LlamaLibrary.Session session = library.load(file, ours.chunkSize(), theirs)) {
        for (int[] sequence : sequences) {
          session.logits(sequence);
        }
      }
      assertThat(ours.entries().keySet()).isEqualTo(theirs.squares().keySet());
      theirs.squares().forEach((name, sums) -> assertClose(ours.entries(), name, sums));
      ours.entries()
          .forEach(
              (name, sums) ->
                  assertThat((long) sums.counts()[0]).isEqualTo(theirs.counts().get(name)));
    }
  }

  /** Within a thousandth, column by column; those far below the others within that of the mean. */
  private static void assertClose(Map<String, ColumnSums> ours, String name, double[] theirs) {
    double mean = 0;
    for (double sum : theirs) {
      mean += sum / theirs.length;
    }
    float[] own = ours.get(name).squares();
    for (int i = 0; i < theirs.length; i++) {
      double apart = Math.abs(own[i] - theirs[i]);
      assertThat(apart)
          .as("%s, column %d", name, i)
          .isLessThanOrEqualTo(1e-3 * Math.max(theirs[i], 1e-3 * mean));
    }
  }
}
