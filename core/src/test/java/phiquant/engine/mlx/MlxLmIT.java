package phiquant.engine.mlx;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.fixtures.ManyLayers;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/** Against the real mlx-lm, on the CPU: its conversions, its loader, its logits. */
class MlxLmIT {
  private static final String DRIVER = "engines/mlx_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** Layers enough for every branch of the mixes; wide ones are among the goldens. */
  static Stream<Path> narrowModels() {
    return Stream.of(ManyLayers.folder(4, true), ManyLayers.folder(1, false));
  }

  @ParameterizedTest
  @MethodSource("narrowModels")
  void everyConversionEqualsMlxLms(Path checkpoint) throws IOException {
    assertEveryConversion(checkpoint);
  }

  static Stream<Path> referenceModels() {
    return Stream.of(Fixtures.smolPhiWide(), Fixtures.smolPhi135m());
  }

  @ParameterizedTest
  @MethodSource("referenceModels")
  @Tag("slow")
  void everyConversionOfAWholeModelEqualsMlxLms(Path checkpoint) throws IOException {
    assertEveryConversion(checkpoint);
  }

  private void assertEveryConversion(Path checkpoint) throws IOException {
    Map<String, ObjectNode> conversions = conversions();
    List<JsonNode> expected = convert(checkpoint, conversions.values());
    int i = 0;
    for (String spec : conversions.keySet()) {
      Path folder = MlxArtifact.make(checkpoint, out, spec).get(spec);
      JsonNode theirs = expected.get(i++);
      assertThat(MlxArtifact.tensors(folder)).as(spec).isEqualTo(theirs.path("tensors"));
      for (String file : List.of("config.json", "model.safetensors.index.json")) {
        assertThat(folder.resolve(file)).as(spec).hasContent(theirs.path(file).asText());
      }
      delete(folder);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "4-g64, mlx:4bit",
    "2-g64, mlx:2bit",
    "3-g64, mlx:3bit",
    "5-g64, mlx:5bit",
    "6-g64, mlx:6bit",
    "8-g64, mlx:8bit",
    "4-g32, 'mlx:4bit,group=32'",
    "4-g128, 'mlx:4bit,group=128'",
    "4-g64-float16, 'mlx:4bit,dtype=float16'",
    "mixed_3_6, mlx:mixed_3_6",
    "mixed_4_6, mlx:mixed_4_6",
    "mxfp4, mlx:mxfp4",
    "nvfp4, mlx:nvfp4",
    "mxfp8, mlx:mxfp8",
    "bfloat16, mlx:bf16",
    "float16, mlx:fp16",
    "float32, mlx:fp32",
  })
  void filesEqualTheGoldens(String golden, String spec) throws IOException {
    assertGolden(Fixtures.smolPhiWide(), "mlx-smolphi-wide-" + golden, spec);
  }

  /** Its rows are not multiples of 128 or 256. */
  @Test
  void filesOfANarrowModelEqualTheGolden() throws IOException {
    assertGolden(Fixtures.smolPhi135m(), "mlx-smolphi-135m-4-g64", "mlx:4bit");
  }

  private void assertGolden(Path checkpoint, String golden, String spec) throws IOException {
    JsonNode expected = Golden.json(golden);
    Path folder = MlxArtifact.make(checkpoint, out, spec).get(spec);
    assertThat(MlxArtifact.tensors(folder)).isEqualTo(expected.path("tensors"));
    for (String file :
        List.of("config.json", "model.safetensors.index.json", "generation_config.json")) {
      assertThat(MlxArtifact.hash(folder.resolve(file)))
          .as(file)
          .isEqualTo(expected.path("files").path(file).path("sha256").asText());
    }
  }

  @Test
  void mlxLmLoadsOurModelsAndTheirLogitsAreThoseOfItsOwn() throws IOException {
    assertLogitsOfMlxLms(Fixtures.tinyPhi35Mini());
  }

  /** A vocabulary of 200,000: a minute. */
  @Test
  @Tag("slow")
  void soAreThoseOfALargeVocabulary() throws IOException {
    assertLogitsOfMlxLms(Fixtures.tinyPhi4Mini());
  }

  private void assertLogitsOfMlxLms(Path checkpoint) throws IOException {
    Map<String, ObjectNode> conversions = conversions();
    conversions.keySet().retainAll(List.of("mlx:4bit", "mlx:mixed_3_6", "mlx:mxfp8"));
    String[] specs = conversions.keySet().toArray(String[]::new);
    convert(checkpoint, conversions.values(), out.resolve("theirs").toString());
    Map<String, Path> ours = MlxArtifact.make(checkpoint, out, specs);
    List<String> models = new ArrayList<>();
    for (String spec : specs) {
      models.add(out.resolve("theirs").resolve("" + models.size() / 2).toString());
      models.add(ours.get(spec).toString());
    }
    List<JsonNode> logits = logits(2, 32000, models);
    for (int i = 0; i < logits.size(); i += 2) {
      assertThat(logits.get(i + 1)).as(specs[i / 2]).isEqualTo(logits.get(i));
    }
  }

  /** transformers' logits in fp32; bf16's noise is 0.16, the long factors are off by 4 to 6. */
  @ParameterizedTest
  @CsvSource({"phi-3.5-mini, 32000", "phi-4-mini, 199998"})
  void withShortRopeShortPromptsGetTheLogitsOfTransformers(String kind, int modulus)
      throws IOException {
    Path checkpoint =
        kind.equals("phi-4-mini") ? Fixtures.tinyPhi4Mini() : Fixtures.tinyPhi35Mini();
    Map<String, Path> folders =
        MlxArtifact.make(checkpoint, out, "mlx:bf16,rope=short", "mlx:bf16");
    List<JsonNode> logits =
        logits(24, modulus, folders.values().stream().map(Path::toString).toList());
    JsonNode expected = Golden.json("logits-tiny-" + kind).path("prompts").path(0);
    assertThat(expected.path("length").asInt()).isEqualTo(24);
    assertThat(difference(logits.get(0), expected)).isLessThan(0.2);
    assertThat(difference(logits.get(1), expected)).isGreaterThan(2);
  }

  /** In 32 bits, which a Phi-2 has no reason to differ in. */
  @Test
  void aPhi2HasTheLogitsOfTransformers() throws IOException {
    Path folder = MlxArtifact.make(Fixtures.tiny("phi-2"), out, "mlx:fp32").get("mlx:fp32");
    JsonNode expected = Golden.json("logits-tiny-phi-2").path("prompts").path(0);
    List<JsonNode> logits = logits(24, 50257, List.of(folder.toString()));
    assertThat(difference(logits.get(0), expected)).isLessThan(1e-3);
  }

  /** In 32 bits, with the factors that short prompts get. */
  @ParameterizedTest
  @CsvSource({"phi-mini-moe, mlx:fp32", "phi-moe, 'mlx:fp32,rope=short'"})
  void aMixtureOfExpertsHasTheLogitsOfTransformers(String kind, String spec) throws IOException {
    Path folder = MlxArtifact.make(Fixtures.tiny(kind), out, spec).get(spec);
    JsonNode expected = Golden.json("logits-tiny-" + kind).path("prompts").path(0);
    List<JsonNode> logits = logits(24, 32000, List.of(folder.toString()));
    assertThat(difference(logits.get(0), expected)).isLessThan(1e-3);
  }

  /** A first token by itself, and with one after it, which mlx-lm lets it see. */
  @Test
  void aPhi3SmallIsComputedAsByUsButForItsMask() throws IOException {
    Path model = Fixtures.tiny("phi-3-small");
    Path folder = MlxArtifact.make(model, out, "mlx:fp32").get("mlx:fp32");
    float[] ours;
    try (LanguageModel own = LanguageModel.open(Checkpoints.open(model), RunOptions.exact())) {
      ours = own.logits(new int[] {13}, own.cache(1));
    }
    assertThat(farthest(ours, firstToken(1, folder))).isLessThan(1e-4);
    assertThat(farthest(ours, firstToken(2, folder)))
        .as("mlx-lm may have mended it: then say so no more")
        .isGreaterThan(0.1);
  }

  private static JsonNode firstToken(int length, Path folder) {
    String[] arguments = {"adapted", "" + length, "100256", folder.toString()};
    return lines(Engines.run(Engines.python("mlx"), DRIVER, arguments)).getFirst().path(0);
  }

  private static double farthest(float[] ours, JsonNode theirs) {
    double most = 0;
    for (int token = 0; token < 100256; token++) {
      most = Math.max(most, Math.abs(ours[token] - theirs.path(token).asDouble()));
    }
    return most;
  }

  /**
   * With the tokenizer of a Phi-4, because mlx-lm needs one and reads no vocabulary of tiktoken's.
   */
  @Test
  void aPhi3SmallIsConvertedAsByMlxLm() throws IOException {
    Path model = Files.createDirectory(out.resolve("model"));
    for (String file : List.of("model.safetensors", "generation_config.json")) {
      Files.createLink(model.resolve(file), Fixtures.tiny("phi-3-small").resolve(file));
    }
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(Fixtures.tinyPhi4().resolve(file), model.resolve(file));
    }
    ObjectNode config =
        (ObjectNode) JSON.readTree(Fixtures.tiny("phi-3-small").resolve("config.json").toFile());
    config.put("tie_word_embeddings", true);
    Files.writeString(model.resolve("config.json"), config.toString());
    Map<String, ObjectNode> conversions = conversions();
    conversions.keySet().retainAll(List.of("mlx:4bit", "mlx:mixed_3_6"));
    List<JsonNode> expected = convert(model, conversions.values());
    int i = 0;
    for (String spec : conversions.keySet()) {
      Path folder = MlxArtifact.make(model, out, spec).get(spec);
      JsonNode theirs = expected.get(i++);
      assertThat(MlxArtifact.tensors(folder)).as(spec).isEqualTo(theirs.path("tensors"));
      assertThat(folder.resolve("config.json")).hasContent(theirs.path("config.json").asText());
    }
  }

  /** Between the five largest logits and ours for the same tokens, at most. */
  private static double difference(JsonNode logits, JsonNode expected) {
    double most = 0;
    for (JsonNode pair : expected.path("last_top5")) {
      double ours = logits.path(pair.path(0).asInt()).asDouble();
      most = Math.max(most, Math.abs(ours - pair.path(1).asDouble()));
    }
    return most;
  }

  /** Our specs and what they are for mlx_lm.convert. */
  private static Map<String, ObjectNode> conversions() {
    Map<String, ObjectNode> all = new LinkedHashMap<>();
    for (int bits : List.of(2, 3, 4, 5, 6, 8)) {
      for (int group : List.of(32, 64, 128)) {
        String spec = "mlx:%dbit".formatted(bits) + (group == 64 ? "" : ",group=" + group);
        all.put(spec, quantize().put("q_bits", bits).put("q_group_size", group));
      }
    }
    for (String mode : List.of("mxfp4", "nvfp4", "mxfp8")) {
      all.put("mlx:" + mode, quantize().put("q_mode", mode));
    }
    for (String mix : List.of("mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6")) {
      all.put("mlx:" + mix, quantize().put("quant_predicate", mix));
    }
    all.put(
        "mlx:mixed_3_4,group=32",
        quantize().put("quant_predicate", "mixed_3_4").put("q_group_size", 32));
    all.put("mlx:6bit,dtype=fp16", quantize().put("q_bits", 6).put("dtype", "float16"));
    all.put("mlx:5bit,dtype=fp32", quantize().put("q_bits", 5).put("dtype", "float32"));
    all.put("mlx:nvfp4,dtype=fp16", quantize().put("q_mode", "nvfp4").put("dtype", "float16"));
    all.put("mlx:mxfp8,dtype=fp32", quantize().put("q_mode", "mxfp8").put("dtype", "float32"));
    all.put("mlx:fp16", JSON.createObjectNode().put("dtype", "float16"));
    all.put("mlx:bf16", JSON.createObjectNode().put("dtype", "bfloat16"));
    all.put("mlx:fp32", JSON.createObjectNode().put("dtype", "float32"));
    return all;
  }

  private static ObjectNode quantize() {
    return JSON.createObjectNode().put("quantize", true);
  }

  private static List<JsonNode> convert(
      Path checkpoint, Iterable<ObjectNode> options, String... folder) {
    ArrayNode list = JSON.createArrayNode();
    options.forEach(list::add);
    List<String> arguments =
        new ArrayList<>(List.of("convert", checkpoint.toString(), list.toString()));
    arguments.addAll(List.of(folder));
    return lines(Engines.run(Engines.python("mlx"), DRIVER, arguments.toArray(String[]::new)));
  }

  private static List<JsonNode> logits(int length, int modulus, List<String> models) {
    List<String> arguments = new ArrayList<>(List.of("logits", "" + length, "" + modulus));
    arguments.addAll(models);
    return lines(Engines.run(Engines.python("mlx"), DRIVER, arguments.toArray(String[]::new)));
  }

  /** The driver's lines of JSON; mlx-lm writes lines of its own between them. */
  private static List<JsonNode> lines(String text) {
    return text.lines()
        .filter(
            line -> line.startsWith("{") || line.startsWith("[-") || line.matches("\\[+[-\\d].*"))
        .map(
            line -> {
              try {
                return JSON.readTree(line);
              } catch (IOException e) {
                throw new IllegalStateException(line, e);
              }
            })
        .toList();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
