package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.model.Role;
import phiquant.model.SparseMixer;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/** What llama.cpp makes of a mixture's weights as they are, and of those that are prepared. */
class ExactMixtureIT {
  private static final int TOKENS = 200;

  @TempDir Path folder;

  /**
   * For a token whose two experts have the weights 1 and 1 in every layer it computes the model's
   * function: what is left are sums in another order, and the scores' 2^-12, which leave the two
   * halves unequal by a 2^-13 of their difference.
   */
  @Test
  void tokensWithoutNearTiesGetTheModelsLogits() {
    Path original = Fixtures.tiny("phi-moe");
    Path file = quantize(original, "gguf:F32,moe=exact");
    int compared = 0;
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(original), RunOptions.exact());
        LlamaLibrary.Session theirs = llama(file, 256)) {
      for (int id = 1000; id < 1000 + TOKENS && compared < 5; id++) {
        List<Float> weights = new ArrayList<>();
        model.observe(
            (weight, tokens, inputs) -> {
              if (weight.role() == Role.ROUTER) {
                weights.addAll(shares(weight.tensor(), inputs));
              }
            });
        float[] ours = model.logits(new int[] {id}, model.cache(1));
        assertThat(weights).hasSize(2 * SparseMixer.CHOSEN);
        if (weights.stream().allMatch(weight -> weight == 1)) {
          assertThat(largest(ours, theirs.logits(new int[] {id})[0]))
              .as("token %d", id)
              .isLessThan(5e-3f);
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo(5);
  }

  private static List<Float> shares(StoredTensor router, float[] x) {
    int experts = Math.toIntExact(router.rows());
    int columns = Math.toIntExact(router.columns());
    float[] w = new float[experts * columns];
    router.read(0, experts, w, 0);
    float[] scores = new float[experts];
    for (int i = 0; i < w.length; i++) {
      scores[i / columns] += w[i] * x[i % columns];
    }
    float[] shares = new float[SparseMixer.CHOSEN];
    new SparseMixer(0.01).choose(scores, new int[SparseMixer.CHOSEN], shares);
    return List.of(shares[0], shares[1]);
  }

  /** On texts, where some tokens have near ties, the mean difference is a third at most. */
  @ParameterizedTest
  @ValueSource(ints = {24, 256, 300})
  void textsComeCloser(int length) {
    Path original = Fixtures.tiny("phi-moe");
    int[] ids = IntStream.range(0, length).map(i -> (int) ((7919L * i + 13) % 32000)).toArray();
    float[] expected;
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(original), RunOptions.exact())) {
      expected = model.logits(ids, model.cache(length));
    }
    double asTheyAre = difference(quantize(original, "gguf:F32"), ids, expected);
    double prepared = difference(quantize(original, "gguf:F32,moe=exact"), ids, expected);
    assertThat(prepared).isLessThan(asTheyAre / 3);
  }

  private static double difference(Path file, int[] ids, float[] expected) {
    try (LlamaLibrary.Session session = llama(file, Math.ceilDiv(ids.length, 256) * 256)) {
      float[] logits = session.logits(ids)[ids.length - 1];
      double sum = 0;
      for (int i = 0; i < logits.length; i++) {
        sum += Math.abs(logits[i] - expected[i]);
      }
      return sum / logits.length;
    }
  }

  private static float largest(float[] a, float[] b) {
    float largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static LlamaLibrary.Session llama(Path file, int context) {
    return LlamaLibrary.open(Engines.llamaLibrary()).load(file, context);
  }

  private Path quantize(Path from, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(from)) {
      return Quantize.of(checkpoint)
          .overwrite(true)
          .to(spec)
          .into(folder.resolve(spec.replaceAll("\\W", "-")))
          .get(0);
    }
  }
}
