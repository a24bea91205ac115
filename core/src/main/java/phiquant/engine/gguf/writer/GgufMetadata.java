package phiquant.engine.gguf.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.ConfigForm;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;

/**
 * All metadata of a GGUF file: what llama.cpp's converter writes for the model, in its order.
 * Source: {@code Phi3MiniModel} and {@code Phi2Model} in the converter's phi.py.
 */
final class GgufMetadata {
  private GgufMetadata() {}

  /**
   * The keys.
   *
   * @param quantized whether file type and quantization version come last, as llama-quantize leaves
   *     them, or where the converter puts them
   */
  static Map<String, Value> of(
      PhiModel model, GgufFileType fileType, Optional<String> name, boolean quantized) {
    PhiConfig config = model.config();
    boolean phi2 = ConfigForm.isPhi2(model.checkpoint().config());
    Map<String, Value> keys = new LinkedHashMap<>();
    keys.put("general.architecture", new Value.Text(phi2 ? "phi2" : "phi3"));
    config
        .longRope()
        .ifPresent(
            rope ->
                keys.put(
                    "phi3.rope.scaling.attn_factor",
                    new Value.F32((float) rope.attentionFactor())));
    keys.put("general.type", new Value.Text("model"));
    long factors = config.longRope().map(rope -> 2L * rope.longFactors().size()).orElse(0L);
    keys.putAll(GeneralMetadata.of(model.checkpoint(), model.parameters() + factors, name));
    if (phi2) {
      Phi2Keys.put(config, keys);
    } else {
      phi3(config, keys);
    }
    Value.U32 type = new Value.U32(fileType.id());
    if (!quantized) {
      keys.put("general.file_type", type);
    }
    if (phi2) {
      keys.put("tokenizer.ggml.add_bos_token", new Value.Bool(false));
    } else {
      keys.put("phi3.attention.sliding_window", new Value.U32(config.slidingWindow().orElse(0)));
    }
    if (!quantized) {
      keys.put("general.quantization_version", new Value.U32(2));
    }
    keys.putAll(TokenizerMetadata.of(TokenizerFiles.of(model.checkpoint()), config.vocabulary()));
    if (quantized) {
      keys.put("general.quantization_version", new Value.U32(2));
      keys.put("general.file_type", type);
    }
    return keys;
  }

  private static void phi3(PhiConfig config, Map<String, Value> keys) {
    keys.put("phi3.context_length", new Value.U32(config.contextLength()));
    keys.put(
        "phi3.rope.scaling.original_context_length", new Value.U32(config.originalContextLength()));
    keys.put("phi3.embedding_length", new Value.U32(config.hidden()));
    keys.put("phi3.feed_forward_length", new Value.U32(config.feedForward()));
    keys.put("phi3.block_count", new Value.U32(config.layers()));
    keys.put("phi3.attention.head_count", new Value.U32(config.heads()));
    keys.put("phi3.attention.head_count_kv", new Value.U32(config.kvHeads()));
    keys.put("phi3.attention.layer_norm_rms_epsilon", new Value.F32((float) config.epsilon()));
    keys.put("phi3.rope.dimension_count", new Value.U32(config.rotarySize()));
    keys.put("phi3.rope.freq_base", new Value.F32((float) config.ropeTheta()));
  }
}
