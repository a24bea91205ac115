package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.phi.Family;
import phiquant.run.attention.KvCache;

/**
 * A Phi-3-small computes what its definition says, within and beyond the 1024 positions that all of
 * its attention sees. Each prompt of the golden ends with 24 tokens whose best followers it has.
 */
class Phi3SmallTest {
  private static final int KNOWN = 24;

  @TempDir Path out;

  @Test
  @Tag("width")
  void promptsHaveTheLogitsOfTheDefinition() {
    try (LanguageModel model = open(Fixtures.tiny("phi-3-small"))) {
      assertPrompts(model);
    }
  }

  @Test
  void decodingEqualsThePromptAsAWhole() {
    try (LanguageModel model = open(Fixtures.tiny("phi-3-small"))) {
      for (JsonNode prompt : prompts()) {
        int[] ids = ids(prompt);
        KvCache cache = model.cache(ids.length);
        int first = ids.length - KNOWN;
        if (first > 0) {
          model.logits(Arrays.copyOf(ids, first), cache);
        }
        float[] last = null;
        for (int i = 0; i < KNOWN; i++) {
          last = model.logits(new int[] {ids[first + i]}, cache);
          assertThat(TinyPhiLogitsTest.argmax(last))
              .isEqualTo(prompt.path("argmax").path(i).asInt());
        }
        assertLast(prompt, last);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlx:fp32", "safetensors:f32"})
  void artifactsGiveTheSame(String target) {
    try (LanguageModel model = open(make(target))) {
      assertPrompts(model);
    }
  }

  @Test
  void whereMlxDepartsIsSaid() {
    try (Checkpoint artifact = Checkpoints.open(make("mlx:4bit"))) {
      assertThat(Engine.of(artifact).departure(Family.model(artifact)).orElseThrow())
          .contains("mlx-lm")
          .contains("sees later ones");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gguf:Q4_K_M, llama.cpp has no",
    "openvino:int4, block-sparse",
    "'onnx:int4,device=dml', block-sparse"
  })
  void whatNoEngineRunsIsRefusedByName(String target, String why) {
    assertThatThrownBy(() -> make(target))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(why)
        .hasMessageStartingWith(target.substring(0, target.indexOf(':') + 1));
  }

  private Path make(String target) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-3-small"))) {
      return Quantize.of(checkpoint).to(target).into(out).getFirst();
    }
  }

  private static LanguageModel open(Path model) {
    return LanguageModel.open(Checkpoints.open(model), RunOptions.exact());
  }

  private static void assertPrompts(LanguageModel model) {
    for (JsonNode prompt : prompts()) {
      int[] ids = ids(prompt);
      float[] last = model.logits(ids, model.cache(ids.length));
      assertThat(TinyPhiLogitsTest.argmax(last))
          .isEqualTo(prompt.path("argmax").path(KNOWN - 1).asInt());
      assertLast(prompt, last);
    }
  }

  private static void assertLast(JsonNode prompt, float[] logits) {
    for (JsonNode pair : prompt.path("last")) {
      assertThat(logits[pair.path(0).asInt()])
          .isCloseTo((float) pair.path(1).asDouble(), within(1e-4f));
    }
    assertThat(logits[100256]).as("a token that is never said").isLessThan(-1e8f);
  }

  private static JsonNode prompts() {
    return Golden.json("logits-tiny-phi-3-small").path("prompts");
  }

  private static int[] ids(JsonNode prompt) {
    return IntStream.range(0, prompt.path("length").asInt())
        .map(i -> (int) ((7919L * i + 13) % 100256))
        .toArray();
  }
}
