package phiquant.engine.mlx;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.TargetSpec;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.fixtures.HeaderOnly;
import phiquant.model.phi.Family;

class MlxTargetTest {
  @TempDir Path out;

  static Stream<Arguments> tinyModels() {
    return Stream.of(
        Arguments.of("mlx-tiny-phi-2-4-g64", Fixtures.tiny("phi-2")),
        Arguments.of("mlx-vlm-tiny-phi-3.5-vision-4-g64", Fixtures.tiny("phi-3.5-vision")),
        Arguments.of("mlx-tiny-phi-3.5-mini-4-g64", Fixtures.tinyPhi35Mini()),
        Arguments.of("mlx-tiny-phi-4-mini-4-g64", Fixtures.tinyPhi4Mini()));
  }

  @ParameterizedTest
  @MethodSource("tinyModels")
  void tensorsAndConfigEqualMlxLm(String golden, Path checkpoint) throws IOException {
    JsonNode expected = Golden.json(golden);
    Path folder = MlxArtifact.make(checkpoint, out, "mlx:4bit").get("mlx:4bit");
    assertThat(MlxArtifact.tensors(folder)).isEqualTo(expected.path("tensors"));
    assertThat(json(folder.resolve("config.json"))).isEqualTo(expected.path("config"));
  }

  /** With the router quantized, as mlx-lm does; the spec's other tensors are the same without. */
  @ParameterizedTest
  @ValueSource(strings = {"moe", "mini-moe"})
  void expertsArePiledUpAsMlxLmHasThem(String kind) throws IOException {
    JsonNode expected = Golden.json("mlx-tiny-phi-" + kind + "-4-g64");
    Map<String, Path> made =
        MlxArtifact.make(
            Fixtures.tiny("phi-" + kind), out, "mlx:4bit", "mlx:4bit,router=quantized");
    Path peers = made.get("mlx:4bit,router=quantized");
    assertThat(MlxArtifact.tensors(peers)).isEqualTo(expected.path("tensors"));
    assertThat(json(peers.resolve("config.json"))).isEqualTo(expected.path("config"));
    ObjectNode usual = MlxArtifact.tensors(made.get("mlx:4bit"));
    for (int layer = 0; layer < 2; layer++) {
      String gate = "model.layers." + layer + ".block_sparse_moe.gate.";
      assertThat(usual.path(gate + "weight").path("dtype").asText()).isEqualTo("BF16");
      assertThat(usual.has(gate + "scales")).isFalse();
      ((ObjectNode) expected.path("tensors"))
          .remove(List.of(gate + "weight", gate + "scales", gate + "biases"));
      usual.remove(gate + "weight");
    }
    assertThat(usual).isEqualTo(expected.path("tensors"));
  }

  @Test
  void tokenizerFilesAreCopiedAsTheyAre() throws IOException {
    Path checkpoint = Fixtures.tinyPhi35Mini();
    Path folder = MlxArtifact.make(checkpoint, out, "mlx:8bit").get("mlx:8bit");
    for (String name : List.of("tokenizer.json", "tokenizer.model", "tokenizer_config.json")) {
      assertThat(folder.resolve(name)).hasSameBinaryContentAs(checkpoint.resolve(name));
    }
  }

  @Test
  void shortRopeChangesTheLongFactorsAndNothingElse() throws IOException {
    Map<String, Path> folders =
        MlxArtifact.make(Fixtures.tinyPhi4Mini(), out, "mlx:4bit", "mlx:4bit,rope=short");
    JsonNode usual = json(folders.get("mlx:4bit").resolve("config.json"));
    JsonNode changed = json(folders.get("mlx:4bit,rope=short").resolve("config.json"));
    JsonNode scaling = changed.path("rope_scaling");
    assertThat(scaling.path("long_factor")).isEqualTo(scaling.path("short_factor"));
    ((ObjectNode) scaling).set("long_factor", usual.path("rope_scaling").path("long_factor"));
    assertThat(changed).isEqualTo(usual);
  }

  @Test
  void exceptionsAreListedInTheConfigAndHoldForTheTensors() throws IOException {
    Path folder =
        MlxArtifact.make(Fixtures.tinyPhi35Mini(), out, "mlx:4bit,tensor-bits=0.*down=6:32")
            .values()
            .iterator()
            .next();
    JsonNode quantization = json(folder.resolve("config.json")).path("quantization");
    assertThat(quantization.path("model.layers.0.mlp.down_proj").toString())
        .isEqualTo("{\"group_size\":32,\"bits\":6,\"mode\":\"affine\"}");
    assertThat(quantization.has("model.layers.1.mlp.down_proj")).isFalse();
    try (Checkpoint read = Checkpoints.open(folder)) {
      assertThat(read.tensors().get("model.layers.0.mlp.down_proj.weight").format())
          .isEqualTo("affine 6-bit");
      assertThat(read.tensors().get("model.layers.1.mlp.down_proj.weight").format())
          .isEqualTo("affine 4-bit");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-moe"})
  void whatWasWrittenIsReadAgainWithinTheFormatsError(String kind) {
    Path folder = MlxArtifact.make(Fixtures.tiny(kind), out, "mlx:8bit").get("mlx:8bit");
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny(kind));
        Checkpoint decoded = Checkpoints.open(folder)) {
      assertThat(decoded.isQuantized()).isTrue();
      assertThat(decoded.tensors()).containsOnlyKeys(original.tensors().keySet());
      for (StoredTensor tensor : original.tensors().values()) {
        StoredTensor again = decoded.tensors().get(tensor.name());
        assertThat(again.shape()).isEqualTo(tensor.shape());
        float[] x = new float[(int) tensor.columns()];
        float[] y = new float[x.length];
        tensor.read(tensor.rows() - 1, 1, x, 0);
        again.read(tensor.rows() - 1, 1, y, 0);
        float largest = 0;
        for (float v : x) {
          largest = Math.max(largest, Math.abs(v));
        }
        for (int i = 0; i < x.length; i++) {
          assertThat(y[i]).as(tensor.name()).isCloseTo(x[i], within(largest / 64));
        }
      }
    }
  }

  @Test
  void theModelCardKeepsTheFactsOfTheCheckpointsOwn() throws IOException {
    String source = "---\nlicense: mit\ntags:\n- nlp\n---\n# A model\n";
    ArtifactPlan plan =
        plan(new HeaderOnly(64, 128, 2, 96, Map.of("README.md", source)), "mlx:mxfp8");
    String card = new String(file(plan, "README.md").fixed().getFirst().bytes(), UTF_8);
    JsonNode facts = new YAMLMapper().readTree(card.split("---\n")[1]);
    assertThat(facts.path("license").asText()).isEqualTo("mit");
    assertThat(facts.path("library_name").asText()).isEqualTo("mlx");
    assertThat(facts.path("tags").toString()).isEqualTo("[\"mlx\",\"nlp\"]");
    assertThat(card).contains("--to mlx:mxfp8", "| mxfp8 | 10 |");
  }

  /** mlx-lm begins a file where a tensor would take the one before beyond 5 GiB. */
  @Test
  void filesStayBelowFiveGibibytesAndTheIndexSaysWhereATensorIs() throws IOException {
    ArtifactPlan plan = plan(new HeaderOnly(3072, 8192, 32, 32064, Map.of()), "mlx:bf16");
    PlannedFile first = file(plan, "model-00001-of-00002.safetensors");
    PlannedFile second = file(plan, "model-00002-of-00002.safetensors");
    assertThat(first.size()).isBetween((5L << 30) - (101L << 20), (5L << 30) + (1 << 20));
    assertThat(first.size() + second.size()).isGreaterThan(2 * 3_821_079_552L);
    JsonNode index =
        new ObjectMapper()
            .readTree(file(plan, "model.safetensors.index.json").fixed().getFirst().bytes());
    assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(2 * 3_821_079_552L);
    assertThat(index.path("metadata").path("total_parameters").asLong()).isEqualTo(3_821_079_552L);
    for (PlannedTensor tensor : plan.tensors()) {
      assertThat(index.path("weight_map").path(tensor.name()).asText())
          .isEqualTo(plan.files().get(tensor.parts().getFirst().file()).path());
    }
  }

  @Test
  void whatDoesNotFitTheModelIsRefused() {
    Checkpoint narrow = new HeaderOnly(96, 160, 2, 50, Map.of());
    assertThatThrownBy(() -> plan(narrow, "mlx:4bit"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("32, 64 and 128");
    assertThatThrownBy(() -> plan(narrow, "mlx:4bit,group=32,rope=short"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("longrope");
  }

  @Test
  void matricesThatAGroupDoesNotDivideStayFloatsAndTheRunSaysSo() {
    ArtifactPlan plan = plan(new HeaderOnly(96, 128, 2, 50, Map.of()), "mlx:4bit");
    assertThat(plan.tensors().stream().filter(t -> t.format().startsWith("affine")).count())
        .isEqualTo(2);
    assertThat(plan.notes()).anyMatch(note -> note.startsWith("8 matrices stay BF16"));
  }

  private static PlannedFile file(ArtifactPlan plan, String name) {
    return plan.files().stream().filter(file -> file.path().equals(name)).findFirst().orElseThrow();
  }

  private static ArtifactPlan plan(Checkpoint checkpoint, String spec) {
    return Engine.target(TargetSpec.parse(spec)).outline(Family.model(checkpoint), "model");
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }
}
