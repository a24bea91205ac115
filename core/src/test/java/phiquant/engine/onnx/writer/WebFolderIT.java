package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.tokenizer.Tokenizer;

/** What is made for the web: transformers.js itself runs it in Node, and GenAI the same folder. */
class WebFolderIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int COUNT = 24;

  @TempDir Path out;

  /** The prompt is the one that transformers makes; the answer is that of GenAI. */
  @ParameterizedTest
  @ValueSource(strings = {"onnx:int4,for=web", "onnx:int8,for=web"})
  void transformersJsAnswersAsGenAiDoes(String target) throws IOException {
    Path folder = make(Fixtures.smolPhi135m(), target);
    JsonNode golden = Golden.json("greedy").path("smolphi-135m").path(0);

    JsonNode seen = ask(folder, golden.path("user").asText(), "1, 2, 3, 4, 5,");

    assertThat(seen.path("prompt").asText()).isEqualTo(golden.path("prompt").asText());
    assertThat(seen.path("continuation").asText()).startsWith(" 6, 7, 8, 9, 10");
    assertThat(seen.path("answer").asText())
        .isEqualTo(genAiAnswers(folder, golden.path("prompt_ids")));
  }

  /**
   * Why the graph has a number there: transformers.js makes an empty cache whose heads have size 0.
   */
  @Test
  void aHeadsSizeThatHasANameIsTakenForZero() throws IOException {
    Path folder = make(Fixtures.smolPhi135m(), "onnx:int4,for=web");
    Path graph = folder.resolve("onnx/model_q4.onnx");
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
    model
        .getGraphBuilder()
        .getInputBuilderList()
        .forEach(
            input -> {
              var shape = input.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
              if (shape.getDimCount() == 4) {
                shape.setDim(3, Dimension.newBuilder().setDimParam("kv_cache_dim"));
              }
            });
    Files.write(graph, model.build().toByteArray());

    assertThatThrownBy(() -> ask(folder, "Who?", "1, 2"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("transformers_js_driver.mjs");
  }

  /** Templates in a file of their own, longrope's two tables, a part of each head turned. */
  @Test
  void aPhi4MiniWithItsTemplateInAFileOfItsOwnIsTakenToo() throws IOException {
    Path source = Files.createDirectory(out.resolve("source"));
    try (var files = Files.list(Fixtures.tinyPhi4Mini())) {
      for (Path file : files.toList()) {
        Files.copy(file, source.resolve(file.getFileName()));
      }
    }
    Path config = source.resolve("tokenizer_config.json");
    var json = (com.fasterxml.jackson.databind.node.ObjectNode) JSON.readTree(config.toFile());
    String template = json.remove("chat_template").asText();
    Files.writeString(source.resolve("chat_template.jinja"), template);
    Files.write(config, JSON.writeValueAsBytes(json));
    Path folder = make(source, "onnx:fp32,for=web");
    String prompt = "<|user|>Why is the sky blue?<|end|><|assistant|>";

    JsonNode seen = ask(folder, "Why is the sky blue?", prompt);

    assertThat(seen.path("prompt").asText()).isEqualTo(prompt);
    try (Checkpoint made = Checkpoints.open(folder);
        Tokenizer tokenizer = Tokenizer.of(made)) {
      JsonNode ids = JSON.valueToTree(tokenizer.encode(prompt));
      assertThat(seen.path("answer").asText()).isEqualTo(genAiAnswers(folder, ids)).isNotEmpty();
    }
  }

  /** GenAI's own lookup in blocks says what ours by standard operators has to give. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4,embedding=int4",
        "onnx:int4,embedding=int4,is_symmetric=false",
        "onnx:int8,embedding=int8,block_size=16,is_symmetric=false"
      })
  void tokensAreLookedUpAsByTheOperatorThatTheWebDoesNotHave(String target) throws IOException {
    Path usual = make(Fixtures.tinyPhi35Mini(), target);
    Path web = make(Fixtures.tinyPhi35Mini(), target + ",for=web");

    assertThat(logits(web)).isEqualTo(logits(usual));
    try (Checkpoint a = Checkpoints.open(usual);
        Checkpoint b = Checkpoints.open(web)) {
      assertThat(b.tensors().keySet()).isEqualTo(a.tensors().keySet());
      float[] expected = row(a, "model.embed_tokens.weight");
      assertThat(row(b, "model.embed_tokens.weight")).isEqualTo(expected);
    }
  }

  private static float[] row(Checkpoint checkpoint, String name) {
    StoredTensor tensor = checkpoint.tensors().get(name);
    float[] row = new float[(int) tensor.columns()];
    tensor.read(7, 1, row, 0);
    return row;
  }

  private static String logits(Path folder) {
    return Engines.run(
        Engines.python("onnx"),
        "engines/onnx_driver.py",
        "logits",
        folder.toString(),
        "32064",
        "5");
  }

  private Path make(Path source, String target) {
    try (Checkpoint checkpoint = Checkpoints.open(source)) {
      return Quantize.of(checkpoint).to(target).into(out.resolve("made")).getFirst();
    }
  }

  private static JsonNode ask(Path folder, String question, String text) throws IOException {
    return JSON.readTree(
        Engines.run(
            Path.of("node"),
            "engines/transformers_js_driver.mjs",
            Engines.transformersJs().toString(),
            folder.toString(),
            Integer.toString(COUNT),
            question,
            text));
  }

  private static String genAiAnswers(Path folder, JsonNode prompt) throws IOException {
    String said =
        Engines.run(
            Engines.python("onnx"),
            "engines/onnx_driver.py",
            "greedy",
            folder.toString(),
            Integer.toString(COUNT),
            "[" + prompt + "]");
    int[] ids = JSON.readValue(said, int[].class);
    try (Checkpoint made = Checkpoints.open(folder);
        Tokenizer tokenizer = Tokenizer.of(made)) {
      List<Integer> ends = ends(folder);
      int[] answer = Arrays.stream(ids).takeWhile(id -> !ends.contains(id)).toArray();
      return tokenizer.decode(answer);
    }
  }

  private static List<Integer> ends(Path folder) throws IOException {
    JsonNode stated =
        JSON.readTree(folder.resolve("genai_config.json").toFile())
            .path("model")
            .path("eos_token_id");
    return stated.isInt()
        ? List.of(stated.asInt())
        : JSON.convertValue(
            stated, JSON.getTypeFactory().constructCollectionType(List.class, Integer.class));
  }
}
