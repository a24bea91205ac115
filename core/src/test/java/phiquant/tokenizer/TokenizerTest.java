package phiquant.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Tokens and texts as Hugging Face's library gives them in Python. */
class TokenizerTest {
  @TempDir Path out;

  @ParameterizedTest
  @CsvSource({
    "smolphi-135m, tokenizer-cases",
    "tiny-phi-3.5-mini, tokenizer-cases-phi-3",
    "tiny-phi-2, tokenizer-cases-phi-2",
    "tiny-phi-4, tokenizer-cases-phi-4",
    "tiny-phi-4-mini, tokenizer-cases-phi-4-mini",
  })
  void everyArtifactTokenizesAsItsCheckpoint(String model, String golden) {
    Path source =
        model.startsWith("tiny-") ? Fixtures.tiny(model.substring(5)) : Fixtures.smolPhi135m();
    List<Path> artifacts = new ArrayList<>(List.of(source));
    try (Checkpoint checkpoint = Checkpoints.open(source)) {
      artifacts.addAll(
          Quantize.of(checkpoint)
              .to("gguf:BF16")
              .to("mlx:bfloat16")
              .to("onnx:int4")
              .to("openvino:int8")
              .into(out));
    }
    for (Path artifact : artifacts) {
      try (Checkpoint checkpoint = Checkpoints.open(artifact);
          Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
        for (JsonNode each : Golden.json(golden).path("cases")) {
          check(tokenizer, each, artifact.getFileName().toString());
        }
      }
    }
  }

  private static void check(Tokenizer tokenizer, JsonNode golden, String artifact) {
    String text = golden.path("text").asText();
    int[] ids =
        StreamSupport.stream(golden.path("ids").spliterator(), false)
            .mapToInt(JsonNode::asInt)
            .toArray();
    assertThat(tokenizer.encode(text)).as("%s: %s", artifact, text).containsExactly(ids);
    assertThat(tokenizer.decode(ids))
        .as("%s: %s", artifact, text)
        .isEqualTo(golden.path("decoded").asText());
    // One by one the tokens give the same text, less the special ones, and never half of it.
    TokenStream stream = tokenizer.stream();
    StringBuilder streamed = new StringBuilder();
    for (int id : ids) {
      String piece = stream.next(id);
      assertThat(piece).doesNotEndWith("\uFFFD");
      streamed.append(piece);
    }
    assertThat(streamed.append(stream.end()).toString())
        .as("%s: %s", artifact, text)
        .isEqualTo(tokenizer.decode(ids, true));
  }

  @Test
  void halfCharactersAreHeldBack() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhi135m());
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      int[] ids = tokenizer.encode("🦙");
      assertThat(ids).as("a character of several tokens").hasSizeGreaterThan(1);
      TokenStream stream = tokenizer.stream();
      for (int i = 0; i < ids.length - 1; i++) {
        assertThat(stream.next(ids[i])).isEmpty();
      }
      assertThat(stream.next(ids[ids.length - 1])).isEqualTo("🦙");
      assertThat(stream.end()).isEmpty();
      assertThat(stream.next(ids[0])).isEmpty();
      assertThat(stream.end()).as("cut in the middle").isEqualTo("\uFFFD");
    }
  }

  @Test
  void halfASurrogatePairDoesNotEndTheProcess() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhi135m());
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      assertThat(tokenizer.encode("a\uD83Eb")).isEqualTo(tokenizer.encode("a\uFFFDb"));
    }
  }

  @Test
  void aTokenizerThatIsNotUnderstoodIsNamed() throws IOException {
    Files.copy(Fixtures.tinyPhi4().resolve("model.safetensors"), out.resolve("model.safetensors"));
    Files.copy(Fixtures.tinyPhi4().resolve("config.json"), out.resolve("config.json"));
    try (Checkpoint checkpoint = Checkpoints.open(out)) {
      assertThatThrownBy(() -> Tokenizer.of(checkpoint))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("has no tokenizer.json");
      Files.writeString(out.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Fortune\"}}");
      assertThatThrownBy(() -> Tokenizer.of(checkpoint))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(out.toString())
          .hasMessageContaining("Fortune");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x86_64",
    "Linux, aarch64, linux-aarch64",
    "Mac OS X, aarch64, osx-aarch64",
    "Windows 11, amd64, win-x86_64",
  })
  void theJarCarriesALibraryFor(String system, String processor, String platform) {
    assertThat(NativeTokenizers.platform(system, processor)).isEqualTo(platform);
    assertThat(getClass().getResource("/native/lib/" + platform + "/cpu")).isNotNull();
  }

  @Test
  void machinesWithoutALibraryAreNamed() {
    assertThatThrownBy(() -> NativeTokenizers.platform("Mac OS X", "x86_64"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("Mac OS X on x86_64");
  }
}
