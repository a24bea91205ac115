package phiquant.engine.onnx.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.KvCache;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.stored.Matrices;

/** ONNX folders of quantize and dequantize operators, seen as checkpoints. */
class DequantizedTest {
  private static final String DOWN = "model.layers.1.mlp.down_proj.MatMul.weight";
  private static final String DOWN_OPERATOR = "/model/layers.1/mlp/down_proj/MatMul";

  @TempDir static Path out;

  /** What was made so far: by source and target. */
  private static final Map<String, Path> MADE = new HashMap<>();

  /** Blocks are found by the same algorithm wherever they lie, so every float is the same. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4",
        "onnx:int4,is_symmetric=false,block_size=64",
        "onnx:int4,device=cuda,matmul_mixed_precision=last_matmul:int8",
        "onnx:int8",
        "onnx:int8,algo_config=k_quant,block_size=16"
      })
  void turnedBlocksAreThoseOfMatMulNBits(String spec) {
    try (Checkpoint rows = open(Fixtures.tinyPhi35Mini(), spec);
        Checkpoint turned = open(Fixtures.tinyPhi35Mini(), spec + ",use_qdq")) {
      assertThat(turned.operators())
          .containsKey("DequantizeLinear")
          .doesNotContainKey("MatMulNBits");
      assertThat(turned.isQuantized()).isTrue();
      assertThat(turned.tensors()).containsOnlyKeys(rows.tensors().keySet());
      rows.tensors()
          .forEach(
              (name, tensor) -> {
                StoredTensor other = turned.tensors().get(name);
                assertThat(other.shape()).as(name).isEqualTo(tensor.shape());
                assertThat(other.format()).as(name).isEqualTo(tensor.format());
                assertThat(Arrays.equals(floats(other), floats(tensor))).as(name).isTrue();
              });
    }
  }

  /** A prompt, whose matrices are read in tiles, and a token, for which rows are read. */
  @Test
  void turnedBlocksRunAsRowsDo() {
    int[] prompt = new int[40];
    Arrays.setAll(prompt, i -> (7919 * i + 13) % 32064);
    try (Checkpoint rows = open(Fixtures.tinyPhi35Mini(), "onnx:int4");
        Checkpoint turned = open(Fixtures.tinyPhi35Mini(), "onnx:int4,use_qdq");
        LanguageModel expected = LanguageModel.of(rows, RunOptions.exact());
        LanguageModel given = LanguageModel.of(turned, RunOptions.exact())) {
      KvCache one = expected.cache(64);
      KvCache other = given.cache(64);
      for (int[] tokens : new int[][] {prompt, {5}}) {
        assertThat(given.logits(tokens, other))
            .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-4 ? 0 : Float.compare(a, b))
            .containsExactly(expected.logits(tokens, one));
      }
    }
  }

  /** No weight is further from the original than half a step, and the largest of a row is exact. */
  @ParameterizedTest
  @CsvSource({"phi-4-mini, true", "phi-3.5-mini, false"})
  void rowsOfBytesAreWithinHalfAStep(String kind, boolean tied) {
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny(kind));
        Checkpoint folder = open(Fixtures.tiny(kind), "onnx:int8,activations=static")) {
      assertThat(Family.model(folder).config().tiedHead()).isEqualTo(tied);
      assertThat(folder.tensors()).containsOnlyKeys(original.tensors().keySet());
      int inBytes = 0;
      for (StoredTensor tensor : original.tensors().values()) {
        StoredTensor read = folder.tensors().get(tensor.name());
        assertThat(read.shape()).isEqualTo(tensor.shape());
        boolean bytes = read.format().equals("int8 row");
        inBytes += bytes ? 1 : 0;
        int columns = Math.toIntExact(tensor.columns());
        float[] w = floats(tensor);
        float[] r = floats(read);
        for (int row = 0; row < w.length / columns; row++) {
          float most = 0;
          for (int i = 0; i < columns; i++) {
            most = Math.max(most, Math.abs(w[row * columns + i]));
          }
          for (int i = row * columns; i < (row + 1) * columns; i++) {
            double step = bytes ? most / 127.0 : 0;
            assertThat(r[i]).isCloseTo(w[i], within((float) (step / 2 * 1.001)));
          }
        }
      }
      // Four matrices of a layer, and the head, which is the embedding where they are tied.
      assertThat(inBytes).isEqualTo(4 * Family.model(folder).config().layers() + 1);
    }
  }

  /** Computed on in place, by the kernel for a scale for each row. */
  @Test
  void rowsOfBytesHaveALayout() {
    try (Checkpoint folder = open(Fixtures.tinyPhi4Mini(), "onnx:int8,activations=static")) {
      StoredTensor down = folder.tensors().get("model.layers.1.mlp.down_proj.weight");
      Layout.Grouped layout = (Layout.Grouped) down.layout().orElseThrow();
      assertThat((long) layout.group()).isEqualTo(down.columns());
      assertThat(layout.codes().byteSize()).isEqualTo(down.elements());
      assertThat(layout.scales().byteSize()).isEqualTo(4 * down.rows());
      assertThat(layout.zeroPoints()).isEmpty();
      Matrix matrix = Matrices.of(down);
      float[] rows = floats(down);
      float[] inPlace = new float[matrix.columns()];
      matrix.read(2, 0, inPlace.length, inPlace, 0);
      assertThat(inPlace)
          .containsExactly(Arrays.copyOfRange(rows, 2 * inPlace.length, 3 * inPlace.length));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "axis, 1, 'no blocks along axis 0'",
    "block_size, 0, 'cannot be decoded'",
    "block_size, 16, 'which is not FLOAT'",
    "block_size, 9223372036854775807, 'cannot be decoded'",
  })
  void blocksThatDoNotFitAreRefused(String attribute, long value, String says) throws IOException {
    refused(
        "onnx:int4,use_qdq",
        model -> setAttribute(model, DOWN_OPERATOR + "_DQ_Q4", attribute, value),
        says);
  }

  @Test
  void partsOfBlocksThatDoNotFitAreRefused() throws IOException {
    refused("onnx:int4,use_qdq", model -> swapDimensions(model, DOWN + "_DQ_Q4"), "which is not");
    refused(
        "onnx:int4,use_qdq", model -> swapDimensions(model, DOWN + "_DQ_scales"), "which is not");
    refused(
        "onnx:int4,use_qdq",
        model -> constant(model, DOWN + "_DQ_Q4").setDataType(TensorProto.DataType.UINT4_VALUE),
        "UINT4 without zero points");
    refused(
        "onnx:int4,use_qdq",
        model -> constant(model, DOWN + "_DQ_Q4").setDataType(TensorProto.DataType.INT8_VALUE),
        "calls for");
    refused(
        "onnx:int4,use_qdq,is_symmetric=false",
        model ->
            constant(model, DOWN + "_DQ_zero_points").setDataType(TensorProto.DataType.INT4_VALUE),
        "which is not UINT4");
  }

  @Test
  void rowsThatDoNotFitAreRefused() throws IOException {
    String spec = "onnx:int8,activations=static";
    refused(spec, model -> swapDimensions(model, DOWN + "_quantized"), "which is not FLOAT");
    refused(
        spec,
        model -> setAttribute(model, DOWN_OPERATOR + "_DequantizeLinear", "axis", 1),
        "no scale for each row");
    refused(
        spec,
        model -> constant(model, DOWN + "_quantized").setDataType(TensorProto.DataType.UINT8_VALUE),
        "of UINT8");
    refused(
        spec,
        model -> {
          TensorProto.Builder zeros = constant(model, DOWN + "_zero_point");
          byte[] bytes = new byte[(int) zeros.getDims(0)];
          bytes[bytes.length - 1] = 1;
          zeros
              .setDataLocation(TensorProto.DataLocation.DEFAULT)
              .setRawData(ByteString.copyFrom(bytes));
        },
        "zero points other than zero");
    refused(
        spec,
        model -> node(model, DOWN_OPERATOR + "_Transpose").getAttributeBuilder(0).setInts(0, 0),
        "does not turn");
    refused(
        spec,
        model -> node(model, "/model/embed_tokens/scale/Gather").setName("elsewhere"),
        "whose scales no");
  }

  private static NodeProto.Builder node(ModelProto.Builder model, String name) {
    return model.getGraphBuilder().getNodeBuilderList().stream()
        .filter(node -> node.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static TensorProto.Builder constant(ModelProto.Builder model, String name) {
    return model.getGraphBuilder().getInitializerBuilderList().stream()
        .filter(constant -> constant.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static void setAttribute(
      ModelProto.Builder model, String operator, String attribute, long value) {
    node(model, operator).getAttributeBuilderList().stream()
        .filter(one -> one.getName().equals(attribute))
        .findFirst()
        .orElseThrow()
        .setI(value);
  }

  private static void swapDimensions(ModelProto.Builder model, String name) {
    TensorProto.Builder constant = constant(model, name);
    long first = constant.getDims(0);
    constant.setDims(0, constant.getDims(1)).setDims(1, first);
  }

  private void refused(String spec, Consumer<ModelProto.Builder> change, String says)
      throws IOException {
    Path folder = make(Fixtures.tinyPhi4Mini(), spec);
    Path path = folder.resolve("model.onnx");
    byte[] right = Files.readAllBytes(path);
    ModelProto.Builder model = ModelProto.parseFrom(right).toBuilder();
    change.accept(model);
    Files.write(path, model.build().toByteArray());
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(says);
    Files.write(path, right);
  }

  /** The first, some middle and the last rows, so that offsets count. */
  private static float[] floats(StoredTensor tensor) {
    int columns = Math.toIntExact(tensor.columns());
    int rows = Math.toIntExact(tensor.rows());
    int some = Math.min(3, rows);
    float[] floats = new float[3 * some * columns];
    for (int i = 0; i < 3; i++) {
      tensor.read(i * (long) (rows - some) / 2, some, floats, i * some * columns);
    }
    return floats;
  }

  private static Checkpoint open(Path checkpoint, String spec) {
    return Checkpoints.open(make(checkpoint, spec));
  }

  private static Path make(Path checkpoint, String spec) {
    return MADE.computeIfAbsent(
        checkpoint + " " + spec,
        key -> {
          try (Checkpoint source = Checkpoints.open(checkpoint)) {
            Path under = out.resolve(Integer.toString(MADE.size()));
            return Quantize.of(source).to(spec).into(under).get(0);
          }
        });
  }
}
