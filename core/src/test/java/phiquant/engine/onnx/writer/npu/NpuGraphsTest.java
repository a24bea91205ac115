package phiquant.engine.onnx.writer.npu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
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
import phiquant.fixtures.HeaderOnly;
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
        .first()
        .asString()
        .contains(" and " + megabytes + " MB of keys and values of 2048 tokens.");
  }

  /** Its short factors are for 256 tokens. */
  @ParameterizedTest
  @CsvSource({"256, false", "512, true"})
  void aPlanSaysWhichTurnsItHas(int context, boolean isLong) {
    String spec = "onnx:int4,device=npu,prompt=16,context=" + context;
    assertThat(
            plan("phi-3.5-mini", spec).notes().stream()
                .anyMatch(note -> note.contains("context=512 is above the original 256")))
        .isEqualTo(isLong);
  }

  /**
   * Phi-3.5-mini's shape, bytes by hand: a layer has 113,246,208 weights of 9/16 bytes in int4 (5/8
   * beside codes) and 2 in fp16, norms of 12,288 bytes (24,576), and 6144 keys and values of 2
   * bytes (1) for each token. A binary is 1.27 times as large as its weights; a session holds 3.5
   * GB.
   */
  @ParameterizedTest
  @CsvSource({
    "'onnx:int4,context=2048', 1, 3395",
    "'onnx:int4', 2, 2100",
    "'onnx:int4,parts=1', 1, 4200",
    "'onnx:int4,parts=5', 5, 919",
    "'onnx:int4,activations=static,cache_bits=8', 2, 1841",
    "'onnx:fp16', 4, 2704"
  })
  void whatASessionDoesNotHoldBecomesParts(String spec, int parts, int megabytes) {
    ArtifactPlan plan = plan(new HeaderOnly(3072, 8192, 32, 32064, Map.of()), spec + ",device=npu");
    assertThat(plan.files().stream().filter(file -> file.path().startsWith("token")))
        .hasSize(parts);
    String said = plan.notes().getFirst();
    if (parts > 1) {
      assertThat(said).endsWith(" in %d parts of up to %d MB.".formatted(parts, megabytes));
    } else {
      assertThat(said).doesNotContain("parts");
    }
    assertThat(plan.notes().size() > 1).isEqualTo(megabytes > 3500);
  }

  /** Each layer's weights are in one part, at the places where they lie if there is only one. */
  @Test
  void partsHaveTheLayersOfTheWhole() throws InvalidProtocolBufferException {
    String spec = "onnx:int4,device=npu,prompt=16,context=64";
    Map<String, TensorProto> whole = stored(model(plan("phi-3.5-mini", spec), "prompt"));
    ArtifactPlan plan = plan("phi-3.5-mini", spec + ",parts=2");
    Map<String, TensorProto> first = stored(model(plan, "prompt-1"));
    Map<String, TensorProto> second = stored(model(plan, "prompt-2"));
    assertThat(first.keySet()).isNotEmpty().allMatch(name -> name.contains("layers.0."));
    assertThat(second.keySet()).isNotEmpty().allMatch(name -> name.contains("layers.1."));
    Map<String, TensorProto> both = new HashMap<>(first);
    both.putAll(second);
    assertThat(both).isEqualTo(whole);
  }

  private static Map<String, TensorProto> stored(ModelProto model) {
    return model.getGraph().getInitializerList().stream()
        .filter(one -> one.getDataLocation() == TensorProto.DataLocation.EXTERNAL)
        .collect(Collectors.toMap(TensorProto::getName, one -> one));
  }

  @ParameterizedTest
  @CsvSource({
    "3, 'parts=3, but this model has 2 layers.'",
    "0, 'parts=0; it can be a number from 1 to 99.'"
  })
  void morePartsThanLayersAreRefused(String parts, String message) {
    assertThatThrownBy(() -> plan("phi-3.5-mini", "onnx:int4,device=npu,parts=" + parts))
        .isInstanceOf(UserError.class)
        .hasMessage("onnx: " + message);
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
    return plan(Checkpoints.open(Fixtures.tiny(kind)), spec);
  }

  private static ArtifactPlan plan(Checkpoint checkpoint, String spec) {
    try (checkpoint) {
      return Engine.target(TargetSpec.parse(spec)).outline(Family.model(checkpoint), "tiny");
    }
  }
}
