package phiquant.engine.gguf.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** GGUF files seen as checkpoints. */
class GgufCheckpointTest {
  @TempDir Path out;

  /**
   * A Llama's q and k are un-permuted, q, k, v and gate, up fused; the goldens were made in Python.
   */
  @Test
  void aLlamaFileBecomesThePhi3CheckpointByteForByte() throws IOException {
    Path made = make(Fixtures.smolLm2Gguf(), "safetensors:bf16");
    JsonNode golden = Golden.json("checkpoint-smolphi-135m").path("files");
    for (Map.Entry<String, JsonNode> file : golden.properties()) {
      assertThat(Golden.sha256(Files.readAllBytes(made.resolve(file.getKey()))))
          .as(file.getKey())
          .isEqualTo(file.getValue().path("sha256").asText());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-4-mini"})
  void aPhi3FileGivesItsCheckpointBack(String kind) throws IOException {
    Path gguf = make(Fixtures.tiny(kind), "gguf:BF16");
    Path back = make(gguf, "safetensors:bf16");
    assertThat(
            Files.mismatch(
                back.resolve("model.safetensors"),
                Fixtures.tiny(kind).resolve("model.safetensors")))
        .isEqualTo(-1);
    Path again = make(back, "gguf:BF16,name=again");
    try (Checkpoint first = Checkpoints.open(gguf);
        Checkpoint second = Checkpoints.open(again)) {
      for (String key :
          new String[] {
            "tokenizer.ggml.model",
            "tokenizer.ggml.pre",
            "tokenizer.ggml.tokens",
            "tokenizer.ggml.token_type",
            "phi3.rope.dimension_count",
            "phi3.context_length",
            "phi3.rope.scaling.attn_factor",
            "phi3.rope.scaling.original_context_length",
            "tokenizer.chat_template"
          }) {
        assertThat(((GgufCheckpoint) second).file().metadata().get(key))
            .as(key)
            .isEqualTo(((GgufCheckpoint) first).file().metadata().get(key));
      }
    }
  }

  /** Given the first of them, or their folder. */
  @Test
  void splitFilesAreReadAsOne() throws IOException {
    Path split = make(Fixtures.tinyPhi4(), "gguf:BF16,split-max-size=60M");
    Path first;
    try (var files = Files.list(split)) {
      first =
          files.filter(file -> file.toString().contains("-00001-of-")).findFirst().orElseThrow();
    }
    for (Path given : List.of(first, split)) {
      Path back = make(given, "safetensors:bf16");
      assertThat(
              Files.mismatch(
                  back.resolve("model.safetensors"),
                  Fixtures.tinyPhi4().resolve("model.safetensors")))
          .isEqualTo(-1);
    }
    Files.copy(first, split.resolve("another.gguf"));
    assertThatThrownBy(() -> Checkpoints.open(split))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("2 GGUF models");
  }

  private Path make(Path source, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(source)) {
      return Quantize.of(checkpoint).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
