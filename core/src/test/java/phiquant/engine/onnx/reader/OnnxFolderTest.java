package phiquant.engine.onnx.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.AdapterCase;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/** An ONNX folder seen as a checkpoint: the same weights come out, and lies are refused. */
class OnnxFolderTest {
  @TempDir static Path shared;
  @TempDir Path out;

  /** Weights of the tiny models are exact in 16 bits, so every float comes back. */
  @ParameterizedTest
  @CsvSource({
    "phi-4-mini, 'onnx:fp32'",
    "phi-3.5-mini, 'onnx:fp16,device=dml'",
    "phi-4, 'onnx:bf16'",
    "phi-moe, 'onnx:fp32'",
    "phi-3-small, 'onnx:fp32'",
  })
  void plainWeightsComeBackAsTheyWere(String kind, String spec) {
    Path folder = make(Fixtures.tiny(kind), spec);
    try (Checkpoint ours = Checkpoints.open(folder);
        Checkpoint original = Checkpoints.open(Fixtures.tiny(kind))) {
      assertThat(ours.tensors()).containsOnlyKeys(original.tensors().keySet());
      original
          .tensors()
          .forEach(
              (name, tensor) -> {
                StoredTensor read = ours.tensors().get(name);
                assertThat(read.shape()).as(name).isEqualTo(tensor.shape());
                assertThat(Arrays.equals(rows(read), rows(tensor))).as(name).isTrue();
              });
    }
  }

  /** Its queries, keys and values in their own order again, its last norm as it was. */
  @Test
  void aPhi3SmallReadBackHasTheLogitsOfItsDefinition() {
    Path folder = make(Fixtures.tiny("phi-3-small"), "onnx:fp32");
    Path again = make(folder, "safetensors:f32");
    JsonNode prompt = Golden.json("logits-tiny-phi-3-small").path("prompts").path(0);
    int length = prompt.path("length").asInt();
    int[] ids = IntStream.range(0, length).map(i -> (int) ((7919L * i + 13) % 100256)).toArray();
    for (Path model : List.of(folder, again)) {
      try (LanguageModel read = LanguageModel.open(Checkpoints.open(model), RunOptions.exact())) {
        float[] logits = read.logits(ids, read.cache(length));
        for (JsonNode pair : prompt.path("last")) {
          assertThat((double) logits[pair.path(0).asInt()])
              .isCloseTo(pair.path(1).asDouble(), within(1e-4));
        }
      }
    }
  }

  /** Another head's bias than the configuration calls for is not left out without a word. */
  @Test
  void aBiasThatTheConfigurationDoesNotCallForIsRefused() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3-small"), "onnx:int4");
    Path config = folder.resolve("config.json");
    String other = "{\"dummy_token_indices\": [100256],";
    Files.writeString(config, Files.readString(config).replaceFirst("\\{", other));
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      assertThatThrownBy(() -> Family.model(checkpoint))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'lm_head.bias' is not part of a Phi3SmallForCausalLM");
    }
  }

  /** A graph that takes adapters is to a reader the model that it is without one. */
  @ParameterizedTest
  @ValueSource(strings = {"fused", "llama", "phi-2"})
  void aGraphThatTakesAdaptersIsReadAsItsModel(String name) throws IOException {
    AdapterCase one = AdapterCase.make(name, "onnx:fp32", out);
    try (Checkpoint ours = Checkpoints.open(one.model());
        Checkpoint original = Checkpoints.open(one.base())) {
      assertThat(ours.operators()).containsKey("MatMul");
      assertThat(ours.tensors()).containsOnlyKeys(original.tensors().keySet());
      original
          .tensors()
          .forEach(
              (tensor, stored) ->
                  assertThat(rows(ours.tensors().get(tensor))).as(tensor).isEqualTo(rows(stored)));
    }
  }

  /** The first, some middle and the last rows, so that offsets count. */
  private static float[] rows(StoredTensor tensor) {
    int columns = Math.toIntExact(tensor.columns());
    int last = Math.toIntExact(tensor.rows() - 1);
    float[] floats = new float[3 * columns];
    for (int i = 0; i < 3; i++) {
      tensor.read(i * (long) last / 2, 1, floats, i * columns);
    }
    return floats;
  }

  /** A tied head is one weight where it is stored once, and two where the precisions differ. */
  @ParameterizedTest
  @CsvSource({
    "'onnx:int4', true",
    "'onnx:fp32', true",
    "'onnx:int8', true",
    "'onnx:int4,embedding=int8', false",
    "'onnx:int4,embedding=float', false",
  })
  void tiesAreWhatTheGraphSays(String spec, boolean tied) {
    try (Checkpoint checkpoint = Checkpoints.open(make(Fixtures.tinyPhi4Mini(), spec))) {
      PhiModel model = Family.model(checkpoint);
      assertThat(model.config().tiedHead()).isEqualTo(tied);
      assertThat(checkpoint.tensors().containsKey("lm_head.weight")).isEqualTo(!tied);
      assertThat(checkpoint.operators()).containsKey("GroupQueryAttention");
    }
  }

  @Test
  void aModelWithoutConfigurationSaysWhatToDo() throws IOException {
    Path folder = make(Fixtures.tinyPhi4(), "onnx:int4");
    Files.delete(folder.resolve("config.json"));
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has no config.json");
  }

  /** One entry of one constant is changed; the message names the constant or the file. */
  @ParameterizedTest
  @CsvSource({
    "location, ../config.json, 'not a plain file name'",
    "location, /etc/passwd, 'not a plain file name'",
    "location, .., 'not a plain file name'",
    "location, nowhere.data, 'is missing'",
    "offset, 99999999999, 'beyond the end'",
    "offset, -1, 'not a number'",
    "length, 99999999999, 'more than its file has left'",
    "length, 16, 'calls for'",
  })
  void placesOfConstantsAreChecked(String key, String value, String says) throws IOException {
    refused(
        (model, tensor) -> {
          for (StringStringEntryProto.Builder entry : tensor.getExternalDataBuilderList()) {
            if (entry.getKey().equals(key)) {
              entry.setValue(value);
            }
          }
        },
        says);
  }

  /** A constant that phiquant does not read, but an engine does. */
  @Test
  void placesOfConstantsThatNobodyAsksForAreCheckedToo() throws IOException {
    refused(
        (model, tensor) ->
            model
                .getGraphBuilder()
                .addInitializer(
                    TensorProto.newBuilder(tensor.build())
                        .setName("uncalled")
                        .clearExternalData()
                        .addExternalData(
                            StringStringEntryProto.newBuilder()
                                .setKey("location")
                                .setValue("nowhere.data"))),
        "nowhere.data is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 'negative dimension'",
    "9223372036854775807, 'too large for any file'",
    "0, 'calls for 0'",
    "7, 'calls for'",
  })
  void shapesOfConstantsAreChecked(long dimension, String says) throws IOException {
    refused((model, tensor) -> tensor.setDims(0, dimension), says);
  }

  @Test
  void typesOfConstantsAreChecked() throws IOException {
    refused((model, tensor) -> tensor.setDataType(12345), "element type 12345");
  }

  @ParameterizedTest
  @CsvSource({"bits, 3", "block_size, 31", "block_size, 0", "K, -5", "N, 9223372036854775807"})
  void attributesOfOperatorsAreChecked(String attribute, long value) throws IOException {
    refused(
        (model, tensor) ->
            model.getGraphBuilder().getNodeBuilderList().stream()
                .filter(node -> node.getOpType().equals("MatMulNBits"))
                .flatMap(node -> node.getAttributeBuilderList().stream())
                .filter(one -> one.getName().equals(attribute))
                .forEach(one -> one.setI(value)),
        "MatMulNBits");
  }

  /** Experts that would be another function, or that do not fit their parts. */
  @ParameterizedTest
  @CsvSource({
    "k, 1, 'does not compute'",
    "swiglu_fusion, 2, 'does not compute'",
    "normalize_routing_weights, 1, 'does not compute'",
    "expert_weight_bits, 3, 'cannot be decoded'",
    "expert_weight_bits, 8, 'do not fit each other'",
    "block_size, 0, 'cannot be decoded'",
    "block_size, 64, 'do not fit each other'",
  })
  void attributesOfExpertsAreChecked(String attribute, long value, String says) throws IOException {
    refusedExperts(
        node ->
            node.getAttributeBuilderList().stream()
                .filter(one -> one.getName().equals(attribute))
                .forEach(one -> one.setI(value)),
        says);
  }

  @ParameterizedTest
  @CsvSource({
    "14, '', 'does not compute'",
    "4, model.layers.0.moe.experts.down.weight_scales, 'biases or a third matrix'",
    "2, model.layers.0.moe.experts.down.weight_Q4, 'do not fit each other'",
    "5, model.layers.0.moe.experts.gate_up.weight_Q4, 'do not fit each other'",
    "2, input_ids, 'does not take its weight from a constant'",
  })
  void inputsOfExpertsAreChecked(int input, String name, String says) throws IOException {
    refusedExperts(node -> node.setInput(input, name), says);
  }

  private void refusedExperts(Consumer<NodeProto.Builder> change, String says) throws IOException {
    Path folder;
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      folder = shared.resolve("tiny-phi-moe-onnx-int4-cpu");
      if (!Files.exists(folder)) {
        assertThat(Quantize.of(source).to("onnx:int4").into(shared)).containsExactly(folder);
        Files.copy(folder.resolve("model.onnx"), shared.resolve("model.onnx"));
      }
    }
    ModelProto.Builder model =
        ModelProto.parseFrom(Files.readAllBytes(shared.resolve("model.onnx"))).toBuilder();
    model.getGraphBuilder().getNodeBuilderList().stream()
        .filter(node -> node.getOpType().equals("QMoE"))
        .findFirst()
        .ifPresent(change);
    Files.write(folder.resolve("model.onnx"), model.build().toByteArray());
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "10", "1000", "20000"})
  void aTruncatedModelIsRefused(int length) throws IOException {
    Path folder = make(Fixtures.tinyPhi4(), "onnx:int4");
    Path model = folder.resolve("model.onnx");
    byte[] bytes = Files.readAllBytes(model);
    Files.write(model, Arrays.copyOf(bytes, Math.min(length, bytes.length - 1)));
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.onnx");
  }

  private interface Change {
    void apply(ModelProto.Builder model, TensorProto.Builder tensor);
  }

  /** Changes the model, with the scales of a down projection at hand, and expects a refusal. */
  private void refused(Change change, String says) throws IOException {
    Path folder = make(Fixtures.tinyPhi4(), "onnx:int4");
    Path path = folder.resolve("model.onnx");
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(path)).toBuilder();
    TensorProto.Builder tensor =
        model.getGraphBuilder().getInitializerBuilderList().stream()
            .filter(
                one -> one.getName().equals("model.layers.1.mlp.down_proj.MatMul.weight_scales"))
            .findFirst()
            .orElseThrow();
    change.apply(model, tensor);
    Files.write(path, model.build().toByteArray());
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(says);
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
