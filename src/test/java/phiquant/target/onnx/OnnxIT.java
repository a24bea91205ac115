package phiquant.target.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.demo.LlamaLibrary;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our folder in the real ONNX Runtime GenAI, on the CPU. */
class OnnxIT {
  private static final String DRIVER = "engines/onnx_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** Longrope on both sides of its original context, partial rotary, GQA, own and tied heads. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-4-mini"})
  void tinyModelsGiveTransformersLogits(String kind) throws IOException {
    Path folder = make(Fixtures.tiny(kind), "onnx:fp32");
    JsonNode golden = Golden.json("logits-tiny-" + kind);
    String formula = golden.path("how").path("ids").asText();
    List<String> arguments = new ArrayList<>(List.of("logits", folder.toString()));
    arguments.add(formula.replaceAll(".*mod (\\d+).*", "$1"));
    golden.path("prompts").forEach(prompt -> arguments.add(prompt.path("length").asText()));
    List<JsonNode> answers = ask(arguments.toArray(String[]::new));
    for (int i = 0; i < answers.size(); i++) {
      JsonNode prompt = golden.path("prompts").path(i);
      for (String list : List.of("last_top5", "last_sample")) {
        for (JsonNode pair : prompt.path(list)) {
          assertThat(answers.get(i).path("last").path(pair.path(0).asInt()).asDouble())
              .as("%s, %s tokens", kind, prompt.path("length"))
              .isCloseTo(pair.path(1).asDouble(), within(1e-3));
        }
      }
      assertThat(answers.get(i).path("argmax")).isEqualTo(prompt.path("argmax"));
    }
  }

  /** Token by token with the cache: 24 tokens as transformers has them, 64 as llama.cpp has. */
  @ParameterizedTest
  @ValueSource(strings = {"smolphi-135m", "smolphi-wide"})
  void fp32SaysWhatTheOriginalSays(String model) throws IOException {
    Path checkpoint =
        model.equals("smolphi-wide") ? Fixtures.smolPhiWide() : Fixtures.smolPhi135m();
    Path folder = make(checkpoint, "onnx:fp32");
    JsonNode goldens = Golden.json("greedy").path(model);
    List<JsonNode> prompts = new ArrayList<>();
    goldens.forEach(golden -> prompts.add(golden.path("prompt_ids")));
    List<JsonNode> answers = ask("greedy", folder.toString(), "64", prompts.toString());
    Path gguf = make(checkpoint, "gguf:F32");
    for (int i = 0; i < answers.size(); i++) {
      JsonNode answer = answers.get(i);
      JsonNode golden = goldens.path(i).path("greedy_ids");
      for (int t = 0; t < golden.size(); t++) {
        assertThat(answer.path(t)).as("prompt %d, token %d", i, t).isEqualTo(golden.path(t));
      }
      assertThat(llamasChoices(gguf, prompts.get(i), answer)).isEqualTo(answer.toString());
    }
  }

  /** What llama.cpp would say at every place of an answer that it is given. */
  private static String llamasChoices(Path gguf, JsonNode prompt, JsonNode answer) {
    List<Integer> ids = new ArrayList<>();
    prompt.forEach(id -> ids.add(id.asInt()));
    answer.forEach(id -> ids.add(id.asInt()));
    try (LlamaLibrary.Session session = LlamaLibrary.open(Engines.llamaLibrary()).load(gguf, 256)) {
      float[][] logits = session.logits(ids.stream().mapToInt(Integer::intValue).toArray());
      List<Integer> best = new ArrayList<>();
      for (int i = prompt.size() - 1; i < ids.size() - 1; i++) {
        best.add(LlamaLibrary.argmax(logits[i]));
      }
      return JSON.valueToTree(best).toString();
    }
  }

  private static List<JsonNode> ask(String... arguments) throws IOException {
    List<JsonNode> answers = new ArrayList<>();
    String output = Engines.run(Engines.python("onnx"), DRIVER, arguments);
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
