package phiquant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.OddCheckpoints;
import phiquant.fixtures.TensorFile;
import phiquant.model.PhiConfig;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * Configurations as people have them: the facts are where another version of transformers, or the
 * author of another architecture, put them. What is right comes out of every target, or one line
 * says what is not computed here.
 */
class OddConfigurationsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int[] TOKENS = {1, 319, 1243, 29871, 13};

  @TempDir Path folder;

  @Test
  @DisplayName(
      "same as base: original context 256 and its attention factor, read inside rope_scaling")
  void anOriginalContextInsideRopeScalingIsRead() throws IOException {
    sameAsBase(OddCheckpoints.ORIGINAL_CONTEXT_INSIDE_ROPE_SCALING);
  }

  @Test
  @DisplayName("original context 4096, the class's default: no scaling is needed below it")
  void anAbsentOriginalContextIsTheClasssDefault() throws IOException {
    Path checkpoint = OddCheckpoints.ORIGINAL_CONTEXT_ABSENT.in(folder);
    try (Checkpoint opened = Checkpoints.open(checkpoint)) {
      PhiConfig config = Family.model(opened).config();
      assertThat(config.originalContextLength()).isEqualTo(4096);
      assertThat(config.longRope().orElseThrow().attentionFactor()).isEqualTo(1.0);
    }
  }

  @Test
  @DisplayName("a Phi-4 as a Llama is accepted as a Phi-4: same as base, and one line")
  void aPhi4AsALlamaIsAPhi4() throws IOException {
    Path llama = sameAsBase(OddCheckpoints.PHI_4_AS_LLAMA);
    assertThat(notices(llama)).singleElement().asString().contains("Llama by name");
    // What is copied into other artifacts is the Phi-3 that the weights are.
    for (String target : List.of("mlx:4bit", "safetensors:bf16")) {
      Path made = make(llama, target, folder.resolve("out"));
      Path base = make(OddCheckpoints.PHI_4_AS_LLAMA.base(), target, folder.resolve("base"));
      assertThat(config(made).path("model_type").asText()).isEqualTo("phi3");
      assertThat(Files.mismatch(made.resolve(WEIGHTS), base.resolve(WEIGHTS))).isEqualTo(-1);
    }
  }

  @Test
  void aLlamaOfMlxIsReadToo() throws IOException {
    Path phi = make(Fixtures.tinyPhi4(), "mlx:4bit", folder.resolve("phi"));
    Path llama = OddCheckpoints.PHI_4_AS_LLAMA.in(folder, "mlx-llama");
    // mlx_lm.convert leaves a Llama's matrices apart, so rows of the fused ones are its codes.
    ObjectNode config = (ObjectNode) JSON.readTree(llama.resolve(CONFIG).toFile());
    config.set("quantization", config(phi).path("quantization"));
    Files.writeString(llama.resolve(CONFIG), config.toString());
    Files.delete(llama.resolve(WEIGHTS));
    TensorFile.write(
        llama.resolve(WEIGHTS),
        OddCheckpoints.apart(TensorFile.read(phi.resolve(WEIGHTS)), config));
    assertThat(farthest(logits(llama), logits(phi))).isLessThan(1e-4);
  }

  @Test
  @DisplayName("refused by name (exit 1): this activation is another function")
  void anotherActivationIsRefusedByName() throws IOException {
    Path checkpoint = OddCheckpoints.ANOTHER_ACTIVATION.in(folder);
    assertThatThrownBy(() -> make(checkpoint, "gguf:BF16", folder.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("hidden_act is gelu_pytorch_tanh");
    assertThatThrownBy(() -> logits(checkpoint)).isInstanceOf(UserError.class);
  }

  @Test
  void aSaveByTransformers5IsTheSameInEveryTarget() throws IOException {
    Path base = Fixtures.tiny("phi-4-mini");
    Path again =
        withConfig(
            base,
            config -> {
              ObjectNode rope = (ObjectNode) config.remove("rope_scaling");
              rope.set("rope_type", rope.remove("type"));
              rope.set("rope_theta", config.remove("rope_theta"));
              rope.set("partial_rotary_factor", config.remove("partial_rotary_factor"));
              rope.set(
                  "original_max_position_embeddings",
                  config.get("original_max_position_embeddings"));
              config.set("rope_parameters", rope);
              config.set("dtype", config.remove("torch_dtype"));
            });
    assertThat(notices(again)).isEmpty();
    assertSame("gguf:BF16", again, base);
    // mlx-lm knows nothing of rope_parameters: its facts have to be where it looks.
    ObjectNode mlx = config(make(again, "mlx:4bit", folder.resolve("out")));
    ObjectNode expected = config(make(base, "mlx:4bit", folder.resolve("base")));
    for (String key :
        List.of(
            "rope_theta",
            "rope_scaling",
            "partial_rotary_factor",
            "original_max_position_embeddings",
            "torch_dtype")) {
      assertThat(mlx.get(key)).as(key).isEqualTo(expected.get(key));
    }
  }

  @Test
  void anEngineThatCannotBeToldAFactIsNotWrittenFor() throws IOException {
    Path scaled =
        withConfig(
            Fixtures.tiny("phi-4-mini"),
            config -> ((ObjectNode) config.get("rope_scaling")).put("attention_factor", 1.5));
    assertThatThrownBy(() -> make(scaled, "mlx:4bit", folder.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("attention_factor");
    Path gguf = make(scaled, "gguf:BF16", folder.resolve("out"));
    try (Checkpoint opened = Checkpoints.open(gguf)) {
      assertThat(Family.model(opened).config().longRope().orElseThrow().attentionFactor())
          .isEqualTo(1.5);
    }
  }

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";

  private Path withConfig(Path base, Consumer<ObjectNode> change) throws IOException {
    // Called as the base is, for a GGUF carries its model's name.
    Path copy = Files.createDirectories(folder.resolve("odd").resolve(base.getFileName()));
    for (String file :
        List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json", WEIGHTS)) {
      Files.createSymbolicLink(copy.resolve(file), base.resolve(file));
    }
    try (var files = Files.list(base)) {
      for (Path file : files.toList()) {
        Path link = copy.resolve(file.getFileName());
        if (!Files.exists(link) && !file.endsWith(CONFIG)) {
          Files.createSymbolicLink(link, file);
        }
      }
    }
    ObjectNode config = config(base);
    change.accept(config);
    Files.writeString(copy.resolve(CONFIG), config.toString());
    return copy;
  }

  private static ObjectNode config(Path checkpoint) throws IOException {
    return (ObjectNode) JSON.readTree(checkpoint.resolve(CONFIG).toFile());
  }

  private Path sameAsBase(OddCheckpoints odd) throws IOException {
    Path checkpoint = odd.in(folder, odd.base().getFileName().toString());
    assertSame("gguf:BF16", checkpoint, odd.base());
    assertThat(farthest(logits(checkpoint), logits(odd.base()))).isLessThan(1e-4);
    return checkpoint;
  }

  private void assertSame(String target, Path checkpoint, Path base) throws IOException {
    Path made = make(checkpoint, target, folder.resolve("out"));
    Path expected = make(base, target, folder.resolve("base"));
    assertThat(Files.mismatch(made, expected)).as("first byte that differs").isEqualTo(-1);
  }

  private static Path make(Path checkpoint, String target, Path out) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(target).into(out).get(0);
    }
  }

  private static List<String> notices(Path checkpoint) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Family.model(source).notices();
    }
  }

  private static float[] logits(Path checkpoint) {
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.exact())) {
      return model.logits(TOKENS, model.cache(TOKENS.length));
    }
  }

  private static double farthest(float[] a, float[] b) {
    double most = a.length == b.length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }
}
