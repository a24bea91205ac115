package phiquant.engine.openvino.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.KvCache;

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
    assertThat(answers.subList(0, 4)).isEqualTo(answers.subList(4, 8));
    LlamaLibrary library = LlamaLibrary.open(Engines.llamaLibrary());
    try (LlamaLibrary.Session llama = library.load(original, 256)) {
      for (int i = 0; i < 4; i++) {
        List<Integer> ids = new ArrayList<>();
        answers.get(i).forEach(id -> ids.add(id.asInt()));
        assertThat(ids).hasSize(64);
        int[] prompt = llama.tokenize(prompts.get(i), true);
        assertThat(likeliest(llama, prompt, ids)).as(prompts.get(i)).isEqualTo(ids);
      }
    }
  }

  /**
   * The window is in the mask of the stateful model, and paged attention finds it there: both
   * answer as our own inference does, which never looks at the mask.
   */
  @Test
  void attendsWithinASlidingWindow() throws IOException {
    Path windowed = Files.createDirectories(out.resolve("windowed"));
    try (Stream<Path> files = Files.list(Fixtures.tinyPhi4())) {
      for (Path file : files.toList()) {
        Files.copy(file, windowed.resolve(file.getFileName()));
      }
    }
    Path config = windowed.resolve("config.json");
    String text = Files.readString(config);
    Files.delete(config);
    Files.writeString(config, text.replace("\"sliding_window\": null", "\"sliding_window\": 16"));
    int[] prompt = formula(100_000, 50);
    int[] ours = greedy(windowed, prompt, 12);
    assertThat(ours).isNotEqualTo(greedy(Fixtures.tinyPhi4(), prompt, 12));
    JsonNode wanted = new ObjectMapper().valueToTree(ours);
    List<JsonNode> answers =
        generate(make(windowed, "openvino:fp32"), "f32", 12, Arrays.toString(prompt));
    assertThat(answers).containsExactly(wanted, wanted);
  }

  /**
   * Prompts on both sides of longrope's original context, 256 tokens, go on as in transformers. Of
   * a longer one paged attention computes the first 256 tokens apart, and wrongly, as optimum's IR
   * would: a limit of GenAI, which the guide names.
   */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4-mini"})
  void longropeFollowsThePrompt(String kind) throws IOException {
    JsonNode golden = Golden.json("logits-tiny-" + kind);
    String formula = golden.path("how").path("ids").asText();
    int modulus = Integer.parseInt(formula.replaceAll(".*mod (\\d+).*", "$1"));
    List<String> prompts = new ArrayList<>();
    List<Integer> expected = new ArrayList<>();
    for (JsonNode prompt : golden.path("prompts")) {
      prompts.add(Arrays.toString(formula(modulus, prompt.path("length").asInt())));
      expected.add(prompt.path("argmax").path(prompt.path("length").asInt() - 1).asInt());
    }
    assertThat(expected).hasSize(3);
    List<JsonNode> answers =
        generate(
            make(Fixtures.tiny(kind), "openvino:fp32"), "f32", 1, prompts.toArray(String[]::new));
    List<Integer> first = answers.stream().map(ids -> ids.path(0).asInt()).toList();
    assertThat(first.subList(0, 2)).isEqualTo(expected.subList(0, 2));
    assertThat(first.subList(3, 6)).isEqualTo(expected);
  }

  private static int[] formula(int modulus, int length) {
    return IntStream.range(0, length).map(i -> (int) ((7919L * i + 13) % modulus)).toArray();
  }

  private static int[] greedy(Path checkpoint, int[] prompt, int count) {
    int[] answer = new int[count];
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.defaults())) {
      KvCache cache = model.cache(prompt.length + count);
      float[] logits = model.logits(prompt, cache);
      for (int i = 0; i < count; i++) {
        answer[i] = LlamaLibrary.argmax(logits);
        logits = model.logits(new int[] {answer[i]}, cache);
      }
    }
    return answer;
  }

  /** What llama.cpp would have chosen in the place of each answered token. */
  private static List<Integer> likeliest(
      LlamaLibrary.Session llama, int[] prompt, List<Integer> answer) {
    int[] all = Arrays.copyOf(prompt, prompt.length + answer.size());
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
