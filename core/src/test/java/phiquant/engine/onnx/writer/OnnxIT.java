package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
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

/** Our folder in the real ONNX Runtime GenAI: on the CPU, or with CUDA where it is for a GPU. */
class OnnxIT {
  private static final String DRIVER = "engines/onnx_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** Longrope on both sides of its original context, partial rotary, GQA, own and tied heads. */
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
    assertTinyLogits(kind, make(Fixtures.tiny(kind), "onnx:fp32"), 1e-3, 1);
  }

  /**
   * The last token's logits, and the best token at every place.
   *
   * @param error of a logit at most
   * @param share of places with the same best token at least
   */
  private static void assertTinyLogits(String kind, Path folder, double error, double share)
      throws IOException {
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
              .isCloseTo(pair.path(1).asDouble(), within(error));
        }
      }
      JsonNode ours = answers.get(i).path("argmax");
      JsonNode theirs = prompt.path("argmax");
      int same = 0;
      for (int t = 0; t < theirs.size(); t++) {
        // Some goldens have all of a prompt's, others its last ones.
        int at = ours.size() - theirs.size() + t;
        same += ours.path(at).equals(theirs.path(t)) ? 1 : 0;
      }
      assertThat(ours).hasSize(prompt.path("length").asInt());
      assertThat((double) same / theirs.size()).isGreaterThanOrEqualTo(share);
    }
  }

  /** Token by token with the cache: 24 tokens as transformers has them, 64 as llama.cpp has. */
  @Test
  void fp32SaysWhatTheOriginalSays() throws IOException {
    assertSaysTheSame("smolphi-135m", Fixtures.smolPhi135m());
  }

  @Test
  @Tag("slow")
  void soDoesTheWiderOne() throws IOException {
    assertSaysTheSame("smolphi-wide", Fixtures.smolPhiWide());
  }

  private void assertSaysTheSame(String model, Path checkpoint) throws IOException {
    Path folder = make(checkpoint, "onnx:fp32");
    JsonNode goldens = Golden.json("greedy").path(model);
    List<JsonNode> prompts = new ArrayList<>();
    goldens.forEach(golden -> prompts.add(golden.path("prompt_ids")));
    List<JsonNode> answers = ask("greedy", folder.toString(), "64", prompts.toString());
    Path gguf = make(checkpoint, "gguf:F32");
    // One prompt after the other; what follows are all at once, which another test looks at.
    for (int i = 0; i < prompts.size(); i++) {
      JsonNode answer = answers.get(i);
      JsonNode golden = goldens.path(i).path("greedy_ids");
      for (int t = 0; t < golden.size(); t++) {
        assertThat(answer.path(t)).as("prompt %d, token %d", i, t).isEqualTo(golden.path(t));
      }
      assertThat(llamasChoices(gguf, prompts.get(i), answer)).isEqualTo(answer.toString());
    }
  }

  /** Prefill, then token by token; two prompts one after the other and both at once. */
  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, 'onnx:int4', 16",
    "smolphi-wide, 'onnx:int4,is_symmetric=false', 16",
    "smolphi-wide, 'onnx:int4,block_size=128', 8",
    "smolphi-wide, 'onnx:int4,block_size=128,is_symmetric=false', 16",
    "smolphi-wide, 'onnx:int4,algo_config=k_quant,embedding=int8', 16",
    "smolphi-wide, 'onnx:int4,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8', 16",
    "smolphi-wide, 'onnx:int4,prune_lm_head,nodes_to_exclude=/lm_head/MatMul', 16",
    "smolphi-wide, 'onnx:mobile', 16",
    "smolphi-wide, 'onnx:int8', 16",
    "smolphi-wide, 'onnx:int4,use_qdq', 16",
    "smolphi-wide, 'onnx:int8,use_qdq', 16",
    "smolphi-wide, 'onnx:fp32', 16",
    "smolphi-wide, 'onnx:fp32,device=cuda', 16",
    "smolphi-wide, 'onnx:int4,device=dml', 16",
    "smolphi-135m, 'onnx:int4,block_size=128', 8",
    "smolphi-135m, 'onnx:int8,block_size=256,algo_config=rtn', 16",
  })
  void countsOn(String model, String spec, int tokens) throws IOException {
    Path checkpoint =
        model.equals("smolphi-wide") ? Fixtures.smolPhiWide() : Fixtures.smolPhi135m();
    Path folder = make(checkpoint, spec);
    // "1, 2, 3, 4, 5," and "3, 4, 5, 6, 7,": digits, commas and spaces are single tokens.
    String prompts =
        "[[33,28,216,34,28,216,35,28,216,36,28,216,37,28],"
            + "[35,28,216,36,28,216,37,28,216,38,28,216,39,28]]";
    List<JsonNode> answers = ask("greedy", folder.toString(), "" + tokens, prompts);
    assertThat(answers).hasSize(4);
    assertThat("[216,38,28,216,39,28,216,40,28,216,41,28,216,33,32,28]")
        .startsWith(answers.get(0).toString().replace("]", ""));
    if (tokens > 8) {
      assertThat(answers.get(1).toString())
          .isEqualTo("[216,40,28,216,41,28,216,33,32,28,216,33,33,28,216,33]");
    }
    // What is too coarse to count at length chooses between near ties; once is enough to compare.
    int compared = tokens > 8 ? 2 : 1;
    assertThat(answers.subList(2, 2 + compared)).isEqualTo(answers.subList(0, compared));
  }

  /**
   * What GPUs run, run with CUDA or, on a machine without, by the CPU's 16-bit kernels: an error of
   * some last bits, which decides between near ties; also between those of experts, and other
   * experts have other logits.
   */
  @ParameterizedTest
  @CsvSource({
    "phi-3.5-mini, cuda, 0.05, 0.97",
    "phi-3.5-mini, dml, 0.05, 0.97",
    "phi-3.5-mini, webgpu, 0.05, 0.97",
    "phi-4, cuda, 0.05, 0.97",
    "phi-4, dml, 0.05, 0.97",
    "phi-4-mini, dml, 0.05, 0.97",
    "phi-4-mini, webgpu, 0.05, 0.97",
    "phi-moe, cuda, 2.5, 0.6",
  })
  void fp16GraphsOfGpusGiveTransformersLogits(
      String kind, String device, double error, double share) throws IOException {
    Path folder = make(Fixtures.tiny(kind), "onnx:fp16,device=" + device);
    assertTinyLogits(kind, folder, error, share);
  }

  /** CUDA's attention in 32 bits, with keys and values repeated, is exact, on the CPU too. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4"})
  void fp32GraphOfCudaGivesTransformersLogits(String kind) throws IOException {
    assertTinyLogits(kind, make(Fixtures.tiny(kind), "onnx:fp32,device=cuda"), 1e-3, 1);
  }

  /**
   * With a window of 8 tokens and two layers, the last token depends on the 14 before it and on
   * none further back.
   */
  @Test
  void aSlidingWindowHidesWhatIsOlder() throws IOException {
    Path original = Fixtures.tinyPhi4();
    Path narrow = Files.createDirectory(out.resolve("narrow"));
    ObjectNode config = (ObjectNode) JSON.readTree(original.resolve("config.json").toFile());
    Files.writeString(narrow.resolve("config.json"), config.put("sliding_window", 8).toString());
    for (String file : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(original.resolve(file), narrow.resolve(file));
    }
    Path folder = make(narrow, "onnx:fp32");
    int[][] prompts = new int[3][40];
    for (int[] prompt : prompts) {
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = 1000 + 17 * i;
      }
    }
    prompts[1][39 - 15] = 5;
    prompts[2][39 - 14] = 5;
    List<JsonNode> logits = ask("last", folder.toString(), JSON.writeValueAsString(prompts));
    assertThat(difference(logits.get(0), logits.get(1))).isLessThan(1e-4);
    assertThat(difference(logits.get(0), logits.get(2))).isGreaterThan(1e-3);
  }

  private static double difference(JsonNode a, JsonNode b) {
    double most = 0;
    for (int i = 0; i < a.size(); i++) {
      most = Math.max(most, Math.abs(a.path(i).asDouble() - b.path(i).asDouble()));
    }
    return most;
  }

  /** No kernels here compute in bfloat16, but every checker accepts the graph's types. */
  @Test
  void bf16IsWellTyped() throws IOException {
    Path folder = make(Fixtures.tinyPhi35Mini(), "onnx:bf16");
    assertThat(ask("types", folder.toString()).getFirst().asText())
        .contains("NOT_IMPLEMENTED")
        .contains("Could not find an implementation");
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
