package phiquant.engine.onnx.writer.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.TargetSpec;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;

/** What options do to a plan, and what is said about those that do not exist. */
class OnnxOptionsTest {
  @ParameterizedTest
  @CsvSource({
    "onnx:int3, 'fp32, fp16, bf16, int8, int4, mobile'",
    "'onnx:bf16,device=cpu', 'bf16 on cuda'",
    "'onnx:int8,device=dml', 'int8 on cpu, cuda, webgpu'",
    "'onnx:int4,device=tpu', 'int4 on cpu, cuda, dml, webgpu, npu'",
    "'onnx:mobile,device=npu', 'mobile on cpu'",
    "'onnx:int4,device=npu,prompt=48,context=4096', 'prompt=48 does not divide context=4096'",
    "'onnx:int4,device=npu,prompt=4096,context=4096', 'at least twice'",
    "'onnx:int4,device=npu,prompt=0', 'number of tokens from 2'",
    "'onnx:int4,device=npu,context=65536', 'was made for'",
    "'onnx:int4,prompt=64', 'no option ''prompt'''",
    "'onnx:int4,device=npu,is_symmetric=false', 'no option ''is_symmetric'''",
    "'onnx:int4,device=npu,use_qdq', 'no option ''use_qdq'''",
    "'onnx:int4,device=npu,algo_config=k_quant', 'default or rtn'",
    "'onnx:fp16,device=npu,activations=static', 'no option ''activations'''",
    "'onnx:int8,device=npu,activations=static,activation_bits=16', 'activation_bits'",
    "'onnx:int8,device=npu,cache_bits=8', 'is for activations=static'",
    "'onnx:int4,device=npu,activations=static,cache_bits=4', 'it can be 8, 16'",
    "'onnx:int4,device=npu,nodes_to_exclude=/nowhere', '/model/layers.0/attn/qkv_proj/MatMul'",
    "'onnx:int4,block_size=48', 'it can be 16, 32, 64, 128, 256'",
    "'onnx:int4,colour=red', 'has no option'",
    "'onnx:int4,Use_QDQ', 'no option ''Use_QDQ'''",
    "'onnx:int4,activations=static', 'has no option'",
    "'onnx:int8,activations=dynamic', 'it can be static'",
    "'onnx:int8,activations=static,activation_bits=4', 'auto, 8, 16'",
    "'onnx:int8,activations=static,block_size=32', 'has no option'",
    "'onnx:int8,activations=static,device=cuda', 'leave device out'",
    "'onnx:int8,activations=static,calibration=/no/such/text', 'does not exist'",
    "'onnx:fp32,block_size=32', 'has no option'",
    "'onnx:int4,algo_config=best', 'default, rtn, k_quant'",
    "'onnx:int4,accuracy_level=5', '0, 1, 2, 3, 4'",
    "'onnx:int4,is_symmetric=maybe', 'true, false'",
    "'onnx:int4,matmul_mixed_precision=first:int8', 'last_matmul:int8'",
    "'onnx:int4,embedding=int2', 'int4, int8, float'",
    "'onnx:int4,nodes_to_exclude=/nowhere', '/model/layers.0/attn/qkv_proj/MatMul'",
    "'onnx:int4,exclude_lm_head,include_hidden_states', 'one of the two'",
    "'onnx:int4,exclude_embeds,embedding=int8', 'leave one out'",
    "'onnx:int4,shared_embeddings=true', 'not tied'",
    "'onnx:int4,embedding=', '''embedding'' has no value'",
    "'onnx:int4,for=phone', 'it can be web'",
    "'onnx:int4,device=cuda,for=web', 'WebGPU'",
    "'onnx:int4,device=npu,for=web', 'no option ''for'''",
    "'onnx:int4,for=web,exclude_embeds', 'a whole model'",
    "'onnx:int8,calibration=text.txt', 'activations=static'",
    "'onnx:int8,activation_bits=16', 'activations=static'",
  })
  void optionsThatDoNotExistNameThoseThatDo(String spec, String says) {
    assertThatThrownBy(() -> plan("phi-4", spec))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource({"phi-mini-moe, phimoe", "phi-3-small, phi3small"})
  void anArchitectureThatTransformersJsLacksIsNotMadeForIt(String kind, String type) {
    assertThatThrownBy(() -> plan(kind, "onnx:int4,for=web"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("transformers.js has no model_type '" + type + "'");
  }

  /** Only where both are stored alike can a tied head be stored once. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4,shared_embeddings=true,embedding=int8",
        "onnx:int4,shared_embeddings=true,use_qdq",
        "onnx:int4,shared_embeddings=true,nodes_to_exclude=/model/embed_tokens/Gather",
        "onnx:int4,shared_embeddings=true,exclude_lm_head",
      })
  void sharingWhatDiffersIsRefused(String spec) {
    assertThatThrownBy(() -> plan("phi-4-mini", spec))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("leave one out");
  }

  @Test
  void turnedBlocksNeedRowsOfWholeBlocks() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhi135m())) {
      PhiModel model = Family.model(checkpoint);
      var target = Engine.target(TargetSpec.parse("onnx:int4,use_qdq,block_size=128"));
      assertThatThrownBy(() -> target.outline(model, "135m"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("rows of 576");
    }
  }

  /** The list is what the builder's Python expression gives for 30 layers. */
  @Test
  void mixedPrecisionRaisesTheLayersThatTheBuilderRaises() {
    String spec = "onnx:int4,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8";
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      Map<String, String> formats =
          formats(Engine.target(TargetSpec.parse(spec)).outline(Family.model(checkpoint), "wide"));
      List<Integer> raised = List.of(0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29);
      for (int i = 0; i < 30; i++) {
        String layer = "model.layers." + i;
        String bits = raised.contains(i) ? "int8 b32" : "int4 b32";
        assertThat(formats)
            .containsEntry(layer + ".attn.qkv_proj.MatMul.weight", bits)
            .containsEntry(layer + ".mlp.down_proj.MatMul.weight", bits)
            .containsEntry(layer + ".mlp.up_proj.MatMul.weight", "int4 b32")
            .containsEntry(layer + ".attn.o_proj.MatMul.weight", "int4 b32");
      }
      assertThat(formats)
          .containsEntry("lm_head.MatMul.weight", "int8 b32")
          .doesNotContainKey("model.embed_tokens.weight");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "phi-4, onnx:int4, F32",
    "phi-4, 'onnx:int4,device=cuda', F16",
    "phi-4, 'onnx:int4,embedding=int4', int4 b32",
    "phi-4, 'onnx:int4,embedding=int8', int8 b32",
    "phi-4, onnx:mobile, int4 b32",
    "phi-4-mini, 'onnx:int4,embedding=float', F32",
    "phi-4-mini, 'onnx:int4,embedding=int8', int8 b32",
    "phi-4-mini, 'onnx:int8,shared_embeddings=false', F32",
    "phi-4-mini, 'onnx:int4,nodes_to_exclude=/model/embed_tokens/Gather', F32",
  })
  void anEmbeddingOfItsOwnIsStoredAsAskedFor(String model, String spec, String format) {
    assertThat(formats(plan(model, spec))).containsEntry("model.embed_tokens.weight", format);
  }

  @ParameterizedTest
  @CsvSource({
    "onnx:int4",
    "onnx:int8",
    "onnx:fp32",
    "onnx:mobile",
    "'onnx:int4,embedding=int4'",
    "'onnx:int4,nodes_to_exclude=/lm_head/MatMul'"
  })
  void aTiedHeadIsStoredOnce(String spec) {
    assertThat(formats(plan("phi-4-mini", spec))).doesNotContainKey("model.embed_tokens.weight");
  }

  private static Map<String, String> formats(ArtifactPlan plan) {
    Map<String, String> formats = new TreeMap<>();
    plan.tensors().forEach(tensor -> formats.put(tensor.name(), tensor.format()));
    return formats;
  }

  private static ArtifactPlan plan(String model, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(model))) {
      return Engine.target(TargetSpec.parse(spec)).outline(Family.model(checkpoint), "tiny");
    }
  }

  /** What has no operator for experts, or none that could be tried; and rows that are cut. */
  @ParameterizedTest
  @CsvSource({
    "'onnx:int8,activations=static', 'leave them out'",
    "'onnx:int4,use_qdq', 'leave them out'",
    "'onnx:int4,device=cuda', 'not as int4 for device=cuda'",
    "'onnx:fp16,device=dml', 'not as fp16 for device=dml'",
    "'onnx:int4,nodes_to_exclude=/model/layers.0/mlp/down_proj/MatMul', 'which the graph does not"
        + " have'",
  })
  void experts(String target, String says) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      PhiModel model = Family.model(checkpoint);
      assertThatThrownBy(() -> Engine.target(TargetSpec.parse(target)).outline(model, "tiny"))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("onnx: ")
          .hasMessageContaining(says);
    }
  }
}
