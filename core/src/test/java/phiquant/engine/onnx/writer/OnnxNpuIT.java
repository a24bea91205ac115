package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/**
 * Graphs of fixed sizes in Qualcomm's own library: compiled for the Snapdragon X Elite, with no
 * operator left to the CPU, and run in its simulator; and the whole folder in GenAI.
 */
class OnnxNpuIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SIZES = ",device=npu,prompt=16,context=64";

  /** Of transformers' largest logit: all layers compute in 16 bits. */
  private static final double ERROR = 0.01;

  @TempDir Path out;

  /** Eight tokens as a prompt that is filled up, then one after the other. */
  @Test
  void promptAndTokensGiveTransformersLogits() throws IOException {
    assertContinues("phi-3.5-mini");
  }

  /** Partial rotary, grouped heads, a tied head; their vocabularies take minutes to compile. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-4", "phi-4-mini"})
  @Tag("slow")
  void soDoThoseOfLargeVocabularies(String kind) throws IOException {
    assertContinues(kind);
  }

  private void assertContinues(String kind) throws IOException {
    Path folder = make(Fixtures.tiny(kind), "onnx:fp16" + SIZES);
    List<Integer> ids = ids(kind);
    assertGolden(kind, ask("steps", folder, "npu", ids.subList(0, 8), ids.subList(8, 24)));
  }

  /** Twenty-four tokens are a prompt of two pieces, the second half empty. */
  @Test
  @Tag("slow")
  void aPromptOfTwoPiecesGivesTheSame() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-mini"), "onnx:fp16" + SIZES);
    assertGolden("phi-3.5-mini", ask("steps", folder, "npu", ids("phi-3.5-mini"), List.of()));
  }

  /** The same weights on the CPU, where nothing is compiled: what differs is the NPU's. */
  @ParameterizedTest
  @ValueSource(strings = {"int4", "int8"})
  @Tag("slow")
  void codesAreMultipliedAsTheCpuDoes(String format) throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-mini"), "onnx:" + format + SIZES);
    assertLikeTheCpu(folder, "phi-3.5-mini", ERROR);
  }

  /**
   * No float is left between the graphs, nor in them; the CPU takes the same weights with floats.
   */
  @Test
  void codesOfValuesComputeWhatFloatsDo() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-mini"), "onnx:int8,activations=static" + SIZES);
    assertLikeTheCpu(folder, "phi-3.5-mini", ERROR);
  }

  /** Grouped heads, partial rotary, blocks; keys and values of 8 bits are coarser. */
  @ParameterizedTest
  @CsvSource({
    "phi-3.5-mini, int4, 16, .01",
    "phi-3.5-mini, int8, 8, .05",
    "phi-4-mini, int4, 16, .01"
  })
  @Tag("slow")
  void soDoThoseOfOtherModelsAndWeights(String kind, String format, int cache, double error)
      throws IOException {
    String spec = "onnx:" + format + ",activations=static,cache_bits=" + cache + SIZES;
    assertLikeTheCpu(make(Fixtures.tiny(kind), spec), kind, error);
  }

  private static void assertLikeTheCpu(Path folder, String kind, double error) throws IOException {
    List<Integer> ids = ids(kind);
    List<float[]> cpu = ask("steps", folder, "cpu", ids.subList(0, 8), ids.subList(8, 10));
    List<float[]> npu = ask("steps", folder, "npu", ids.subList(0, 8), ids.subList(8, 10));
    for (int i = 0; i < cpu.size(); i++) {
      assertThat(difference(cpu.get(i), npu.get(i))).isLessThan(error);
    }
  }

  /** Thirty layers of them, as ONNX Runtime takes them for floats. */
  @Test
  @Tag("slow")
  void codesOfValuesCountOn() throws IOException {
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int4,activations=static" + SIZES);
    String prompt = "[33,28,216,34,28,216,35,28,216,36,28,216,37,28]";
    String answer = say("greedy", folder.toString(), "cpu", prompt, "6");
    assertThat(answer.replace(" ", "").strip()).isEqualTo("[216,38,28,216,39,28]");
  }

  /** GenAI cuts and fills prompts and moves the cache by itself; it says what the graphs say. */
  @Test
  void genAiGeneratesFromTheFolder() throws IOException {
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int4" + SIZES);
    String prompt = "[33,28,216,34,28,216,35,28,216,36,28,216,37,28,216,38,28,216,39,28]";
    String answer = say("genai", folder.toString(), "cpu", prompt, "12").strip();
    assertThat(answer.replace(" ", "")).isEqualTo("[216,40,28,216,41,28,216,33,32,28,216,33]");
  }

  /**
   * "What is the capital of France?" as a chat, whose turns end in the token that fills up the
   * model's batches, and which GenAI takes for a prompt's end. The answer is "The capital of France
   * is Paris".
   */
  @Test
  void aChatWhoseTurnsEndInPaddingIsAnswered() throws IOException {
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int4,device=npu,context=128");
    String chat =
        "[1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411,"
            + " 407, 19712, 8182, 2, 198, 1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198,"
            + " 1, 520, 9531, 198]";
    String answer = say("genai", folder.toString(), "cpu", chat, "6").strip();
    assertThat(answer).isEqualTo("[504, 3575, 282, 4649, 314, 7042]");
  }

  /** The layers in three graphs: one after the other they say what one does. */
  @Test
  void soItDoesFromPartsOfTheLayers() throws IOException {
    String prompt = "[33,28,216,34,28,216,35,28,216,36,28,216,37,28,216,38,28,216,39,28]";
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int4,parts=3" + SIZES);
    String answer = say("genai", folder.toString(), "cpu", prompt, "12").strip();
    assertThat(answer.replace(" ", "")).isEqualTo("[216,40,28,216,41,28,216,33,32,28,216,33]");
  }

  /** Each part in a session of its own, simulated. */
  @Test
  void partsGiveTransformersLogits() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-mini"), "onnx:fp16,parts=2" + SIZES);
    List<Integer> ids = ids("phi-3.5-mini");
    assertGolden(
        "phi-3.5-mini", ask("steps", folder, "npu", ids.subList(0, 20), ids.subList(20, 24)));
  }

  /** With Qualcomm's plugin registered, which compiles and simulates; the first is the best. */
  @Test
  @Tag("slow")
  void genAiGeneratesOnTheSimulatedNpu() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-mini"), "onnx:fp16" + SIZES);
    String prompt = ids("phi-3.5-mini").toString();
    String npu = say("genai", folder.toString(), "npu", prompt, "3").strip();
    JsonNode golden = Golden.json("logits-tiny-phi-3.5-mini").path("prompts").path(0);
    assertThat(npu).startsWith("[" + golden.path("last_top5").path(0).path(0) + ",");
    assertThat(npu).isEqualTo(say("greedy", folder.toString(), "cpu", prompt, "3").strip());
  }

  /** As large as 16 bits hold: the squares that a norm adds up are far beyond them. */
  @Test
  void aNormWithAnOutlierIsRight() throws IOException {
    for (double error : JSON.readValue(say("norm", "60000"), double[].class)) {
      assertThat(error).isLessThan(2e-3);
    }
  }

  /**
   * One feature of the first token is a million times larger than the others of that token, as in a
   * Phi-3.5-mini, and goes through all sums and norms; ONNX Runtime computes the same in 32 bits.
   */
  @Test
  @Tag("slow")
  void aStreamWithAnOutlierIsRight() throws IOException {
    List<Integer> ids = ids("phi-3.5-mini");
    Path model = withOutlier(Fixtures.tiny("phi-3.5-mini"), ids.getFirst(), 30_000);
    Path exact = make(model, "onnx:fp32");
    String line =
        Engines.run(
            Engines.python("onnx"),
            "engines/onnx_driver.py",
            "last",
            exact.toString(),
            List.of(ids).toString());
    float[] expected = JSON.readValue(line.strip(), float[].class);
    Path folder = make(model, "onnx:fp16" + SIZES);
    float[] npu = ask("steps", folder, "npu", ids.subList(0, 8), ids.subList(8, 24)).getLast();
    assertThat(difference(expected, npu)).isLessThan(ERROR);
  }

  /** The same checkpoint, but for one feature of one token's embedding. */
  private Path withOutlier(Path checkpoint, int token, float value) throws IOException {
    Path copy = Files.createDirectories(out.resolve("outlier"));
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    try (RandomAccessFile file =
        new RandomAccessFile(copy.resolve("model.safetensors").toFile(), "rw")) {
      byte[] header = new byte[(int) Long.reverseBytes(file.readLong())];
      file.readFully(header);
      JsonNode tensor = JSON.readTree(header).path("model.embed_tokens.weight");
      assertThat(tensor.path("dtype").asText()).isEqualTo("BF16");
      long row = 2 * tensor.path("shape").path(1).asLong() * token;
      file.seek(8 + header.length + tensor.path("data_offsets").path(0).asLong() + row + 2 * 5);
      file.writeShort(Short.reverseBytes((short) (Float.floatToRawIntBits(value) >>> 16)));
    }
    return copy;
  }

  /** "1, 2, 3, 4, 5," goes on. Thirty layers are compiled twice, which takes minutes. */
  @Test
  @Tag("slow")
  void countsOnInTheSimulator() throws IOException {
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int4" + SIZES);
    String prompt = "[33,28,216,34,28,216,35,28,216,36,28,216,37,28]";
    String answer = say("greedy", folder.toString(), "npu", prompt, "6");
    assertThat(answer.replace(" ", "").strip()).isEqualTo("[216,38,28,216,39,28]");
  }

  private static void assertGolden(String kind, List<float[]> logits) throws IOException {
    JsonNode prompt = Golden.json("logits-tiny-" + kind).path("prompts").path(0);
    float[] last = logits.getLast();
    double largest = prompt.path("last_top5").path(0).path(1).asDouble();
    for (String list : List.of("last_top5", "last_sample")) {
      for (JsonNode pair : prompt.path(list)) {
        assertThat((double) last[pair.path(0).asInt()])
            .isCloseTo(pair.path(1).asDouble(), within(ERROR * largest));
      }
    }
  }

  private static List<Integer> ids(String kind) {
    String formula = Golden.json("logits-tiny-" + kind).path("how").path("ids").asText();
    int modulus = Integer.parseInt(formula.replaceAll(".*mod (\\d+).*", "$1"));
    return IntStream.range(0, 24).mapToObj(i -> (7919 * i + 13) % modulus).toList();
  }

  /** Of the largest logit. */
  private static double difference(float[] a, float[] b) {
    double most = 0;
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
      largest = Math.max(largest, Math.abs(a[i]));
    }
    return most / largest;
  }

  private static List<float[]> ask(
      String command, Path folder, String device, List<Integer> prompt, List<Integer> following)
      throws IOException {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of(command, folder.toString(), device, prompt.toString()));
    following.forEach(id -> arguments.add(id.toString()));
    List<float[]> logits = new ArrayList<>();
    for (String line : say(arguments.toArray(String[]::new)).lines().toList()) {
      logits.add(JSON.readValue(line, float[].class));
    }
    return logits;
  }

  /** The library has words of its own on standard output. */
  private static String say(String... arguments) {
    return Engines.run(Engines.python("npu"), "engines/npu_driver.py", arguments)
        .lines()
        .filter(line -> line.startsWith("["))
        .collect(Collectors.joining("\n"));
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
