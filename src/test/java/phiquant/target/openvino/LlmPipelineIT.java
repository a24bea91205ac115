package phiquant.target.openvino;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.demo.LlamaLibrary;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our folders in OpenVINO GenAI as they are, with both of its ways to attend. */
class LlmPipelineIT {
  private static final String COUNTING = "1, 2, 3, 4, 5,";

  @TempDir Path out;

  /** With the engine's own defaults, which is what people get. */
  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, openvino:fp16",
    "smolphi-wide, openvino:int8",
    "smolphi-wide, openvino:int4",
    "smolphi-wide, openvino:nf4",
    "smolphi-135m, openvino:fp16",
    "smolphi-135m, openvino:int8",
    "smolphi-135m, openvino:int4",
  })
  void countsOn(String model, String spec) throws IOException {
    Path folder = make(checkpoint(model), spec);
    // " 6, 7, 8, 9, 10,": digits, commas and spaces are single tokens.
    int[] expected = {216, 38, 28, 216, 39, 28, 216, 40, 28, 216, 41, 28, 216, 33, 32, 28};
    JsonNode wanted = new ObjectMapper().valueToTree(expected);
    List<JsonNode> answers = generate(folder, "default", expected.length, COUNTING);
    assertThat(answers).containsExactly(wanted, wanted);
  }

  /**
   * Each of 64 tokens, past the end token, is the one that llama.cpp holds most likely after all
   * that came before, in 32-bit floats both.
   */
  @ParameterizedTest
  @ValueSource(strings = {"smolphi-wide", "smolphi-135m"})
  void greedyTextEqualsTheOriginals(String model) throws IOException {
    Path folder = make(checkpoint(model), "openvino:fp32");
    List<String> prompts = new ArrayList<>(List.of(COUNTING));
    Golden.json("greedy").path(model).forEach(chat -> prompts.add(chat.path("prompt").asText()));
    assertThat(prompts).hasSize(4);
    Path original = make(checkpoint(model), "gguf:F32");
    List<JsonNode> answers = generate(folder, "f32", 64, prompts.toArray(String[]::new));
    assertThat(answers).hasSize(8);
    LlamaLibrary library = LlamaLibrary.open(Engines.llamaLibrary());
    try (LlamaLibrary.Session llama = library.load(original, 256)) {
      for (int i = 0; i < 8; i++) {
        String prompt = prompts.get(i % 4);
        List<Integer> ids = new ArrayList<>();
        answers.get(i).forEach(id -> ids.add(id.asInt()));
        assertThat(ids).hasSize(64);
        assertThat(likeliest(llama, llama.tokenize(prompt, true), ids)).as(prompt).isEqualTo(ids);
      }
    }
  }

  /** What llama.cpp would have chosen in the place of each answered token. */
  private static List<Integer> likeliest(
      LlamaLibrary.Session llama, int[] prompt, List<Integer> answer) {
    int[] all = java.util.Arrays.copyOf(prompt, prompt.length + answer.size());
    for (int i = 0; i < answer.size(); i++) {
      all[prompt.length + i] = answer.get(i);
    }
    float[][] logits = llama.logits(all);
    List<Integer> best = new ArrayList<>();
    for (int i = 0; i < answer.size(); i++) {
      best.add(LlamaLibrary.argmax(logits[prompt.length - 1 + i]));
    }
    return best;
  }

  /** First those of paged attention, then those of the stateful model. */
  private static List<JsonNode> generate(Path folder, String hints, int count, String... prompts)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("pipeline", folder.toString(), hints, Integer.toString(count)));
    arguments.addAll(List.of(prompts));
    return OpenVinoIT.ask(arguments);
  }

  private static Path checkpoint(String model) {
    return model.equals("smolphi-wide") ? Fixtures.smolPhiWide() : Fixtures.smolPhi135m();
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
