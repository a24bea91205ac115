package phiquant.engine.openvino.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our IR in the real OpenVINO, on the CPU. */
class OpenVinoIT {
  private static final String DRIVER = "engines/openvino_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** Longrope on both sides of its original context, partial rotary, GQA, both heads, experts. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "phi-2",
        "phi-3.5-mini",
        "phi-4",
        "phi-4-mini",
        "phi-moe",
        "phi-mini-moe",
        "phi-tiny-moe"
      })
  void tinyModelsGiveTransformersLogits(String kind) throws IOException {
    Path folder = make(Fixtures.tiny(kind), "openvino:fp32");
    JsonNode golden = Golden.json("logits-tiny-" + kind);
    String formula = golden.path("how").path("ids").asText();
    List<String> arguments = new ArrayList<>(List.of("logits", folder.toString()));
    arguments.add(formula.replaceAll(".*mod (\\d+).*", "$1"));
    golden.path("prompts").forEach(prompt -> arguments.add(prompt.path("length").asText()));
    List<JsonNode> answers = ask(arguments);
    for (int i = 0; i < answers.size(); i++) {
      JsonNode prompt = golden.path("prompts").path(i);
      for (String list : List.of("last_top5", "last_sample")) {
        for (JsonNode pair : prompt.path(list)) {
          assertThat(answers.get(i).path("last").path(pair.path(0).asInt()).asDouble())
              .as("%s, %s tokens", kind, prompt.path("length"))
              .isCloseTo(pair.path(1).asDouble(), within(1e-3));
        }
      }
      // Some goldens have all of a prompt's, others its last ones.
      List<JsonNode> expected = new ArrayList<>();
      prompt.path("argmax").forEach(expected::add);
      assertThat(answers.get(i).path("argmax")).endsWith(expected.toArray(JsonNode[]::new));
    }
  }

  /**
   * Prompts of different lengths, padded into one batch, give the logits that each gives alone, and
   * so they do after the rows of the cache have changed places, as in beam search.
   */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4"})
  void batchesGiveTheLogitsOfTheirRows(String kind) throws IOException {
    Path folder = make(Fixtures.tiny(kind), "openvino:fp32");
    List<JsonNode> rows = ask(List.of("batch", folder.toString(), "32000", "24", "60"));
    assertThat(rows).hasSize(8);
    for (int i : new int[] {0, 1, 4, 5}) {
      for (int token = 0; token < rows.get(i).size(); token += 97) {
        assertThat(rows.get(i + 2).path(token).asDouble())
            .isCloseTo(rows.get(i).path(token).asDouble(), within(1e-3));
      }
    }
  }

  /** Of a mixture's experts it computes those that are chosen, as in the peer's IR. */
  @ParameterizedTest
  @ValueSource(strings = {"openvino:fp32", "openvino:int8", "openvino:int4"})
  void theEngineGathersTheChosenExperts(String target) throws IOException {
    Path folder = make(Fixtures.tiny("phi-moe"), target);
    JsonNode counts = ask(List.of("counts", folder.toString())).get(0);
    assertThat(counts.path("GatherMatmul").asInt()).as(counts.toString()).isEqualTo(6);
  }

  /** The fusions that OpenVINO finds in the peer's IR of the same model, it finds in ours. */
  @Test
  void theEngineFusesWhatItFusesInThePeersIr() throws IOException {
    Path folder = make(Fixtures.smolPhiWide(), "openvino:int4,sym,ratio=0.6");
    JsonNode counts = ask(List.of("counts", folder.toString())).get(0);
    assertThat(counts.path("FullyConnected").asInt()).isEqualTo(121);
    assertThat(counts.path("RoPE").asInt()).isEqualTo(60);
    assertThat(counts.path("RMS").asInt()).isEqualTo(61);
    assertThat(counts.path("ScaledDotProductAttention").asInt()).isEqualTo(30);
    assertThat(counts.path("MemoryInput").asInt()).isEqualTo(60);
  }

  /** The same for a Phi-2, whose layer norms it fuses, too. */
  @Test
  void theEngineFusesAPhi2AsThePeers() throws IOException {
    Path folder = make(Fixtures.tiny("phi-2"), "openvino:int8");
    JsonNode counts = ask(List.of("counts", folder.toString())).get(0);
    assertThat(counts.path("FullyConnected").asInt()).isEqualTo(13);
    assertThat(counts.path("RoPE").asInt()).isEqualTo(4);
    assertThat(counts.path("MVN").asInt()).isEqualTo(3);
    assertThat(counts.path("ScaledDotProductAttention").asInt()).isEqualTo(2);
  }

  static List<JsonNode> ask(List<String> arguments) throws IOException {
    List<JsonNode> answers = new ArrayList<>();
    String output =
        Engines.run(Engines.python("openvino"), DRIVER, arguments.toArray(String[]::new));
    for (String line : output.lines().toList()) {
      answers.add(JSON.readTree(line));
    }
    return answers;
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
