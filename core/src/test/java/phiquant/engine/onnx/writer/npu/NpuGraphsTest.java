package phiquant.engine.onnx.writer.npu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.TargetSpec;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;

/** What graphs for the NPU never hold, because its compiler takes it and computes it wrongly. */
class NpuGraphsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4",
        "onnx:int8",
        "onnx:fp16",
        "onnx:int4,algo_config=rtn,block_size=64",
        "onnx:int4,matmul_mixed_precision=last_matmul:int8",
        "onnx:int4,embedding=int8,shared_embeddings=false"
      })
  void noZeroPointsOfBlocksAndNoTwoBitCodes(String spec) throws InvalidProtocolBufferException {
    for (String kind : List.of("phi-3.5-mini", "phi-4-mini", "phi-2")) {
      ArtifactPlan plan = plan(kind, spec + ",device=npu,prompt=16,context=64");
      for (String name : List.of("prompt", "token", "head")) {
        ModelProto model = model(plan, name);
        for (NodeProto node : model.getGraph().getNodeList()) {
          assertThat(node.getOpType()).isNotIn("QuantizeLinear", "DequantizeLinear");
          if (node.getOpType().equals("MatMulNBits")) {
            assertThat(node.getInputCount()).as(node.getName()).isEqualTo(3);
            assertThat(bits(node)).isIn(4L, 8L);
          }
        }
        assertThat(model.getGraph().getInputList()).allMatch(NpuGraphsTest::hasFixedSizes);
        assertThat(model.getGraph().getOutputList()).allMatch(NpuGraphsTest::hasFixedSizes);
      }
    }
  }

  /** Graphs of codes: every grid is one for a whole value or for rows, and none is of blocks. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4,activations=static",
        "onnx:int8,activations=static",
        "onnx:int8,activations=static,cache_bits=8"
      })
  void codesHaveNoGridsOfBlocks(String spec) throws InvalidProtocolBufferException {
    for (String kind : List.of("phi-3.5-mini", "phi-4-mini")) {
      ArtifactPlan plan = plan(kind, spec + ",device=npu,prompt=16,context=64");
      for (String name : List.of("prompt", "token", "head")) {
        ModelProto model = model(plan, name);
        for (NodeProto node : model.getGraph().getNodeList()) {
          assertThat(node.getAttributeList())
              .extracting(AttributeProto::getName)
              .as(node.getName())
              .doesNotContain(node.getDomain().isEmpty() ? "block_size" : "zero_points");
          assertThat(node.getDomain().isEmpty() || node.getInputCount() == 3).isTrue();
        }
        assertThat(model.getGraph().getInputList())
            .as(name)
            .allMatch(
                input -> List.of(2, 4, 5).contains(input.getType().getTensorType().getElemType()));
      }
    }
  }

  /** Two layers, keys and values, 768 features of 2048 tokens, two bytes or one. */
  @ParameterizedTest
  @CsvSource({
    "onnx:int4, 13",
    "'onnx:int4,activations=static', 13",
    "'onnx:int4,activations=static,cache_bits=8', 6"
  })
  void aPlanSaysWhatTheCacheTakes(String spec, int megabytes) {
    assertThat(plan("phi-3.5-mini", spec + ",device=npu,context=2048").notes())
        .singleElement()
        .asString()
        .contains(" and " + megabytes + " MB of keys and values of 2048 tokens.");
  }

  @Test
  void codesOfModelsWithBiasesAreRefused() {
    assertThatThrownBy(() -> plan("phi-2", "onnx:int8,activations=static,device=npu"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not written for models with biases");
  }

  private static long bits(NodeProto node) {
    return node.getAttributeList().stream()
        .filter(attribute -> attribute.getName().equals("bits"))
        .mapToLong(AttributeProto::getI)
        .findFirst()
        .orElseThrow();
  }

  private static boolean hasFixedSizes(ValueInfoProto value) {
    return value.getType().getTensorType().getShape().getDimList().stream()
        .allMatch(Dimension::hasDimValue);
  }

  private static ModelProto model(ArtifactPlan plan, String name)
      throws InvalidProtocolBufferException {
    PlannedFile file =
        plan.files().stream()
            .filter(one -> one.path().equals(name + ".onnx"))
            .findFirst()
            .orElseThrow();
    return ModelProto.parseFrom(file.fixed().getFirst().bytes());
  }

  private static ArtifactPlan plan(String kind, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      PhiModel model = Family.model(checkpoint);
      return Engine.target(TargetSpec.parse(spec)).outline(model, "tiny");
    }
  }
}
