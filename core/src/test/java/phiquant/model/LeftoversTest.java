package phiquant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;
import phiquant.model.phi.Family;

/** What no Phi-3 has is refused by name in a file of every kind, and nothing else is. */
class LeftoversTest {
  private static final String BIAS = "model.layers.1.self_attn.o_proj.bias";
  private static final int HIDDEN = 512;

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void makeModel() throws IOException {
    model = folder.resolve("model");
    RandomModel.write(model);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        BIAS,
        "model.layers.0.self_attn.qkv_proj.lora_A.weight",
        "score.weight",
        "model.layers.0.self_attn.q_norm.weight"
      })
  void aTensorOfACheckpointIsRefusedByName(String name) throws IOException {
    add(model, name);
    assertRefused(model, name);
    assertAcceptedWithout(model, name);
  }

  @Test
  void anAdapterThatIsNotMergedIsToldHowToBe() throws IOException {
    add(model, "model.layers.0.mlp.down_proj.lora_B.weight");
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      assertThatThrownBy(() -> Family.model(checkpoint))
          .isInstanceOfSatisfying(
              UserError.class, error -> assertThat(error.hint()).contains("merge_and_unload()"));
    }
  }

  /** As transformers stored them until 4.31. */
  @Test
  void buffersThatFollowFromTheConfigurationAreLeftOut() throws IOException {
    add(model, "model.layers.0.self_attn.rotary_emb.inv_freq");
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      assertThat(Family.model(checkpoint).notices())
          .singleElement(STRING)
          .contains("rotary_emb.inv_freq");
    }
  }

  /** Beside the codes of a quantized layer, whose scales and biases do have a place. */
  @Test
  void aTensorOfAnMlxModelIsRefusedByName() throws IOException {
    Path mlx = make("mlx:4bit");
    add(mlx, BIAS);
    assertRefused(mlx, BIAS);
    assertAcceptedWithout(mlx, BIAS);
  }

  /** A file whose header says that it has one layer less than it has. */
  @Test
  void aTensorOfAGgufFileIsRefusedByName() throws IOException {
    Path gguf = make("gguf:Q8_0");
    byte[] bytes = Files.readAllBytes(gguf);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    // The key, then its type (4: uint32), then the value.
    int at = text.indexOf("phi3.block_count") + "phi3.block_count".length() + 4;
    assertThat(bytes[at]).isEqualTo((byte) 4);
    bytes[at] = 3;
    Files.write(gguf, bytes);
    assertRefused(gguf, "blk.3.attn_norm.weight");
    assertAcceptedWithout(gguf, "blk.3.");
  }

  /** As GenAI's model builder adds a bias. */
  @Test
  void aConstantOfAnOnnxModelIsRefusedByName() throws IOException {
    Path onnx = make("onnx:int4");
    String name = "model.layers.1.attn.o_proj.Add.bias";
    Path file = onnx.resolve("model.onnx");
    ModelProto.Builder proto = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    proto
        .getGraphBuilder()
        .addInitializerBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.FLOAT.getNumber())
        .addDims(HIDDEN)
        .setRawData(ByteString.copyFrom(new byte[4 * HIDDEN]));
    proto
        .getGraphBuilder()
        .addNodeBuilder()
        .setName("/model/layers.1/attn/o_proj/Add")
        .setOpType("Add")
        .addInput("/model/layers.1/attn/o_proj/MatMul/output_0")
        .addInput(name)
        .addOutput("/model/layers.1/attn/o_proj/Add/output_0");
    Files.write(file, proto.build().toByteArray());
    assertRefused(onnx, name);
    assertAcceptedWithout(onnx, name);
  }

  /** As optimum names a bias. */
  @ParameterizedTest
  @ValueSource(strings = {"self." + BIAS, "Constant_4711"})
  void aConstantOfAnIrIsRefusedByName(String name) throws IOException {
    Path ir = make("openvino:int8");
    Path file = ir.resolve("openvino_model.xml");
    String layers =
        """
        <layer id="990001" name="%s" type="Const" version="opset1">
        <data element_type="f32" shape="1, 1, %d" offset="0" size="%d"/></layer>
        <layer id="990002" name="__module.model.layers.1.self_attn.o_proj/aten::linear/Add"
        type="Add" version="opset1"/></layers>
        """
            .formatted(name, HIDDEN, 4 * HIDDEN);
    String edge =
        "<edge from-layer=\"990001\" from-port=\"0\" to-layer=\"990002\" to-port=\"1\"/></edges>";
    Files.writeString(
        file, Files.readString(file).replace("</layers>", layers).replace("</edges>", edge));
    assertRefused(ir, name.replaceFirst("self\\.", ""));
    assertAcceptedWithout(ir, name.replaceFirst("self\\.", ""));
  }

  private Path make(String target) {
    try (Checkpoint source = Checkpoints.open(model)) {
      return Quantize.of(source).to(target).into(folder.resolve("out")).get(0);
    }
  }

  private static void add(Path checkpoint, String name) throws IOException {
    Path file = checkpoint.resolve("model.safetensors");
    Map<String, Tensor> tensors = TensorFile.read(file);
    tensors.put(name, Tensor.filled(0x3F80, HIDDEN));
    Path changed = checkpoint.resolve("changed");
    TensorFile.write(changed, tensors);
    Files.delete(file);
    Files.move(changed, file);
  }

  private static void assertRefused(Path checkpoint, String name) {
    try (Checkpoint open = Checkpoints.open(checkpoint)) {
      assertThatThrownBy(() -> Family.model(open))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(checkpoint.toString())
          .hasMessageContaining(name);
    }
  }

  private static void assertAcceptedWithout(Path checkpoint, String name) {
    List<Pattern> patterns = List.of(Pattern.compile(Pattern.quote(name)));
    try (Checkpoint open = Ignored.without(Checkpoints.open(checkpoint), patterns)) {
      assertThat(Family.model(open).notices())
          .anySatisfy(notice -> assertThat(notice).contains(name));
    }
  }
}
