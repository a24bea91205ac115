package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Graph, weights and configuration against what GenAI's model builder made of the same models. */
class OnnxGoldenTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /**
   * Every operator with its inputs, outputs and attributes, and every constant's bytes, but for the
   * tiny models' rotary tables, which {@link RotaryCacheTest} compares frequency by frequency.
   */
  @ParameterizedTest
  @CsvSource({
    "wide, 'onnx:int4', onnx-wide-int4-cpu",
    "wide, 'onnx:int4,shared_embeddings=false', onnx-wide-int4-cpu-unshared",
    "wide, 'onnx:int4,block_size=128,is_symmetric=false,shared_embeddings=false',"
        + " onnx-wide-int4-cpu-b128-asym-unshared",
    "wide, 'onnx:int4,device=cuda', onnx-wide-int4-cuda",
    "wide, 'onnx:int4,device=webgpu', onnx-wide-int4-webgpu",
    "wide, 'onnx:int8,shared_embeddings=false', onnx-wide-int8-cpu",
    "wide, 'onnx:fp16', onnx-wide-fp16-cuda",
    "phi-3.5-mini, 'onnx:int4', onnx-tiny-phi-3.5-mini-int4-cpu",
    "phi-3.5-mini, 'onnx:fp32', onnx-tiny-phi-3.5-mini-fp32-cpu",
    "phi-4, 'onnx:int4', onnx-tiny-phi-4-int4-cpu",
    "phi-4-mini, 'onnx:int4', onnx-tiny-phi-4-mini-int4-cpu",
  })
  void graphAndWeightsEqualTheBuilders(String model, String spec, String name) throws IOException {
    Path folder = make(model.equals("wide") ? Fixtures.smolPhiWide() : Fixtures.tiny(model), spec);
    JsonNode golden = Golden.json(name);
    ModelProto ours = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
    Map<String, NodeProto> nodes =
        ours.getGraph().getNodeList().stream()
            .collect(Collectors.toMap(NodeProto::getName, node -> node));
    for (JsonNode theirs : golden.path("nodes")) {
      String node = theirs.path("name").asText();
      assertThat(nodes).containsKey(node);
      assertThat(describe(nodes.get(node))).as(node).isEqualTo(normal(theirs));
    }
    int count = golden.path("node_count").asInt(golden.path("nodes").size());
    assertThat(nodes).hasSize(count);
    compareConstants(golden, ours, folder, model);
  }

  private static void compareConstants(
      JsonNode golden, ModelProto ours, Path folder, String model) {
    Map<String, TensorProto> constants =
        ours.getGraph().getInitializerList().stream()
            .collect(Collectors.toMap(TensorProto::getName, tensor -> tensor));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = MappedFile.map(folder.resolve("model.onnx.data"), arena);
      for (JsonNode theirs : golden.path("initializers")) {
        boolean list = theirs.isArray();
        String name = theirs.path(list ? "0" : "name").asText(theirs.path(0).asText());
        TensorProto tensor = constants.get(name);
        assertThat(tensor).as(name).isNotNull();
        assertThat(tensor.getDimsList().toString().replace(" ", ""))
            .as(name)
            .isEqualTo((list ? theirs.path(2) : theirs.path("dims")).toString());
        assertThat(TensorProto.DataType.forNumber(tensor.getDataType()).name())
            .as(name)
            .isEqualTo((list ? theirs.path(1) : theirs.path("type")).asText());
        Map<String, String> place =
            tensor.getExternalDataList().stream()
                .collect(
                    Collectors.toMap(
                        StringStringEntryProto::getKey, StringStringEntryProto::getValue));
        long offset = Long.parseLong(place.get("offset"));
        long length = Long.parseLong(place.get("length"));
        assertThat(offset % 64).as(name).isZero();
        if (!name.endsWith("_cache") || model.equals("wide")) {
          assertThat(Golden.sha256(data.asSlice(offset, length)))
              .as(name)
              .isEqualTo((list ? theirs.path(3) : theirs.path("sha256")).asText());
        }
      }
    }
  }

  /** The configuration, apart from what the tokenizer's rewriting adds to the peer's end tokens. */
  @ParameterizedTest
  @CsvSource({
    "wide, 'onnx:int4', onnx-wide-int4-cpu",
    "wide, 'onnx:int4,device=cuda', onnx-wide-int4-cuda",
    "wide, 'onnx:int4,device=webgpu', onnx-wide-int4-webgpu",
    "phi-3.5-mini, 'onnx:int4', onnx-tiny-phi-3.5-mini-int4-cpu",
  })
  void genAiConfigEqualsTheBuilders(String model, String spec, String name) throws IOException {
    Path folder = make(model.equals("wide") ? Fixtures.smolPhiWide() : Fixtures.tiny(model), spec);
    JsonNode golden = Golden.json(name);
    ObjectNode theirs =
        (ObjectNode)
            (golden.has("genai_config")
                ? golden.path("genai_config")
                : JSON.readTree(golden.path("texts").path("genai_config.json").asText()));
    // A window wider than the context limits nothing; ours does not mention it.
    ((ObjectNode) theirs.path("model").path("decoder")).remove("sliding_window");
    JsonNode ours = JSON.readTree(folder.resolve("genai_config.json").toFile());
    assertThat(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(ours))
        .isEqualTo(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(theirs));
  }

  /** The ids in the released tokenizer, as the builder finds them in it. */
  @Test
  void phi4MinisCallsOfToolsAreNamed() throws IOException {
    Path folder = make(Fixtures.tiny("phi-4-mini"), "onnx:int4");
    JsonNode model = JSON.readTree(folder.resolve("genai_config.json").toFile()).path("model");
    assertThat(model.path("bot_token_id").asInt()).isEqualTo(200025);
    assertThat(model.path("eot_token_id").asInt()).isEqualTo(200026);
    assertThat(model.has("bor_token_id")).isFalse();
  }

  /** An operator as comparable text; what a branch or a constant holds is compared elsewhere. */
  private static String describe(NodeProto node) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    node.getAttributeList().stream()
        .sorted(java.util.Comparator.comparing(AttributeProto::getName))
        .forEach(attribute -> attributes.put(attribute.getName(), value(attribute)));
    return node.getOpType() + node.getInputList() + node.getOutputList() + attributes;
  }

  private static Object value(AttributeProto attribute) {
    return switch (attribute.getType()) {
      case INT -> attribute.getI();
      case FLOAT -> attribute.getF();
      case INTS -> attribute.getIntsList();
      default -> "…";
    };
  }

  private static String normal(JsonNode node) {
    String type = node.path("op_type").asText(node.path("op").asText()).replaceAll(".*::", "");
    Map<String, Object> attributes = new java.util.TreeMap<>();
    node.path("attributes")
        .properties()
        .forEach(
            entry -> {
              JsonNode value = entry.getValue();
              attributes.put(
                  entry.getKey(),
                  value.isObject()
                      ? "…"
                      : value.isFloatingPointNumber()
                          ? (Object) (float) value.asDouble()
                          : value.isArray() ? texts(value) : value.asLong());
            });
    List<String> inputs = texts(node.has("inputs") ? node.path("inputs") : node.path("in"));
    List<String> outputs = texts(node.has("outputs") ? node.path("outputs") : node.path("out"));
    return type + inputs + outputs + attributes;
  }

  private static List<String> texts(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
