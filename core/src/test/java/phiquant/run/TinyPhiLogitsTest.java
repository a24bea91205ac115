package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.run.attention.KvCache;

/**
 * Logits equal those of transformers on all architectures: layer norms and biases, own and tied
 * head, grouped queries, partial rotary, experts, and longrope on both sides of its original
 * context. Some goldens have the best token after every one of a prompt, others after the last
 * ones.
 */
class TinyPhiLogitsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "phi-2",
        "phi-3.5-mini",
        "phi-4",
        "phi-4-mini",
        "phi-4-vision",
        "phi-moe",
        "phi-mini-moe",
        "phi-tiny-moe"
      })
  @Tag("width")
  void logitsEqualTransformers(String kind) {
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(Fixtures.tiny(kind)), RunOptions.exact())) {
      for (JsonNode prompt : Golden.json("logits-tiny-" + kind).path("prompts")) {
        int[] ids = ids(kind, prompt.path("length").asInt());
        double[] loss = {0};
        float[] last = new float[model.config().vocabulary()];
        model.logits(
            ids,
            model.cache(ids.length),
            (index, logits) -> {
              int at = index - ids.length + prompt.path("argmax").size();
              if (at >= 0) {
                assertThat(argmax(logits)).isEqualTo(prompt.path("argmax").path(at).asInt());
              }
              loss[0] -= index + 1 < ids.length ? logSoftmax(logits, ids[index + 1]) : 0;
              System.arraycopy(logits, 0, last, 0, last.length);
            });
        assertThat(loss[0] / (ids.length - 1))
            .isCloseTo(prompt.path("mean_nll").asDouble(), within(1e-4));
        assertLogits(prompt, last);
        assertLogits(prompt, model.logits(ids, model.cache(ids.length)));
      }
    }
  }

  /** And from what every target writes without quantizing. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-2", "phi-3.5-mini", "phi-4", "phi-4-mini"})
  void everyTargetsFloatsGiveTheSame(String kind, @TempDir Path out) {
    for (String target : List.of("gguf:F32", "mlx:fp32", "onnx:fp32", "openvino:fp32")) {
      assertArtifact(kind, target, out);
    }
  }

  private static void assertArtifact(String kind, String target, Path out) {
    Path artifact;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      artifact = Quantize.of(checkpoint).to(target).into(out).get(0);
    }
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(artifact), RunOptions.exact())) {
      for (JsonNode prompt : Golden.json("logits-tiny-" + kind).path("prompts")) {
        int[] ids = ids(kind, prompt.path("length").asInt());
        assertLogits(prompt, model.logits(ids, model.cache(ids.length)));
      }
    }
  }

  /** The same of experts, which engines pile up, from who takes them. */
  @ParameterizedTest
  @ValueSource(
      strings = {"gguf:F32,moe=exact", "mlx:fp32", "onnx:fp32", "openvino:fp32", "safetensors:f32"})
  void expertsGiveTheSame(String target, @TempDir Path out) {
    assertArtifact("phi-moe", target, out);
  }

  /** Token by token, across the border where longrope takes its long factors. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-4-mini", "phi-moe", "phi-mini-moe"})
  void decodingEqualsThePromptAsAWhole(String kind) {
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(Fixtures.tiny(kind)), RunOptions.exact())) {
      JsonNode prompts = Golden.json("logits-tiny-" + kind).path("prompts");
      int[] ids = ids(kind, 300);
      KvCache cache = model.cache(ids.length);
      model.logits(Arrays.copyOf(ids, 250), cache);
      float[] last = null;
      for (int i = 250; i < ids.length; i++) {
        last = model.logits(new int[] {ids[i]}, cache);
        JsonNode prompt = prompts.path(i < 256 ? 1 : 2);
        int at = i - prompt.path("length").asInt() + prompt.path("argmax").size();
        if (at >= 0) {
          assertThat(argmax(last)).isEqualTo(prompt.path("argmax").path(at).asInt());
        }
        if (i + 1 == prompt.path("length").asInt()) {
          assertLogits(prompt, last);
        }
      }
    }
  }

  private static void assertLogits(JsonNode prompt, float[] logits) {
    for (String list : new String[] {"last_top5", "last_sample"}) {
      for (JsonNode pair : prompt.path(list)) {
        assertThat(logits[pair.path(0).asInt()])
            .isCloseTo((float) pair.path(1).asDouble(), within(1e-4f));
      }
    }
  }

  /** A prompt of the goldens: token i is (7919 i + 13) mod the tokenizer's size. */
  private static int[] ids(String kind, int length) {
    String how = Golden.json("logits-tiny-" + kind).path("how").path("ids").asText();
    int size = Integer.parseInt(how.substring(how.lastIndexOf(' ') + 1));
    return IntStream.range(0, length).map(i -> (int) ((7919L * i + 13) % size)).toArray();
  }

  static int argmax(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  static double logSoftmax(float[] logits, int id) {
    double max = logits[argmax(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return logits[id] - max - Math.log(sum);
  }
}
