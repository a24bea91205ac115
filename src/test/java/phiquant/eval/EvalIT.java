package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.run.Activations;
import phiquant.run.RopeRule;

/**
 * Perplexities beside those that llama.cpp measures on the same file and the same tokens. Not of
 * K-quants: on this model, whose channels differ much, llama.cpp loses 2 % more by rounding
 * activations than we do, and it is not known how.
 */
class EvalIT {
  private static final int WINDOWS = 2;
  private static final int WINDOW = 128;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"Q8_0", "F16"})
  void perplexityIsLlamas(String type) {
    Path original = Fixtures.smolPhiMixed();
    Path file;
    try (Checkpoint checkpoint = Checkpoints.open(original)) {
      file = Quantize.of(checkpoint).to("gguf:" + type).into(folder).get(0);
    }
    EvaluationText text = EvaluationText.builtIn();
    Evaluation evaluation =
        Evaluator.evaluate(
            original,
            List.of(file),
            text,
            new Evaluator.Options(
                WINDOWS,
                WINDOW,
                List.of(Activations.INT8),
                RopeRule.CHECKPOINT,
                2,
                folder.resolve("cache"),
                1_000_000_000L,
                EvaluationProgress.NONE));
    assertThat(evaluation.artifacts().get(0).scores().perplexity())
        .isCloseTo(llama(file, text.text()), withinPercentage(0.5));
  }

  private static double llama(Path file, String text) {
    try (LlamaLibrary.Session session =
        LlamaLibrary.open(Engines.llamaLibrary()).load(file, WINDOW)) {
      int[] ids = session.tokenize(text, false);
      double loss = 0;
      for (int w = 0; w < WINDOWS; w++) {
        int[] window = Arrays.copyOfRange(ids, w * WINDOW, (w + 1) * WINDOW);
        float[][] logits = session.logits(window);
        for (int t = 0; t + 1 < WINDOW; t++) {
          double max = logits[t][LlamaLibrary.argmax(logits[t])];
          double sum = 0;
          for (float logit : logits[t]) {
            sum += Math.exp(logit - max);
          }
          loss += max + Math.log(sum) - logits[t][window[t + 1]];
        }
      }
      return Math.exp(loss / (WINDOWS * (WINDOW - 1)));
    }
  }
}
