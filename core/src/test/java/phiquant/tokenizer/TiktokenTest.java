package phiquant.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** A vocabulary of tiktoken's cuts texts as tiktoken does. */
class TiktokenTest {
  private static final JsonNode GOLDEN = Golden.json("tokens-phi-3-small");

  @TempDir Path folder;

  @Test
  void tokensAreTiktokens() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-3-small"));
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      for (JsonNode one : GOLDEN.path("cases")) {
        String text = one.path("text").asText();
        int[] expected = new ObjectMapper().treeToValue(one.path("tokens"), int[].class);
        assertThat(tokenizer.encode(text)).as(text).isEqualTo(expected);
        assertThat(tokenizer.decode(expected)).isEqualTo(text);
      }
    }
  }

  @Test
  void itsOwnTokensAreThoseOfTheRelease() throws IOException {
    Map<String, Integer> expected = new TreeMap<>();
    GOLDEN
        .path("special")
        .properties()
        .forEach(e -> expected.put(e.getKey(), e.getValue().asInt()));
    Map<String, Integer> own = new TreeMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-3-small"))) {
      JsonNode json = new ObjectMapper().readTree(checkpoint.file("tokenizer.json").orElseThrow());
      for (JsonNode token : json.path("added_tokens")) {
        own.put(token.path("content").asText(), token.path("id").asInt());
      }
    }
    assertThat(own).isEqualTo(expected).hasSize(96);
  }

  @ParameterizedTest
  @CsvSource({
    "IQ==, is no token in base 64 with its rank",
    "IQ== x, is no token in base 64 with its rank",
    "I 7, is no token in base 64 with its rank",
    "IQ== 100256, 'has the rank 100256, which no token of cl100k has'",
    "IQ== 0, has a token that was there before",
  })
  void aBrokenLineIsNamed(String line, String fault) throws IOException {
    Path model = folder.resolve("model");
    RandomModel.write(model);
    Files.delete(model.resolve("tokenizer.json"));
    Files.write(model.resolve("cl100k_base.tiktoken"), ("IQ== 0\n" + line + "\n").getBytes(UTF_8));
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      assertThatThrownBy(() -> Tokenizer.of(checkpoint))
          .isInstanceOf(UserError.class)
          .hasMessageEndingWith("cl100k_base.tiktoken: line 2 " + fault + ".");
    }
  }
}
