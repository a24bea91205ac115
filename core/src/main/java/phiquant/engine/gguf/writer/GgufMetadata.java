package phiquant.engine.gguf.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufKey;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.SparseMixer;

/**
 * All metadata of a GGUF file: what llama.cpp's converter writes for the model, in its order.
 * Source: {@code Phi3MiniModel}, {@code PhiMoeModel} and {@code Phi2Model} in the converter's
 * phi.py.
 */
final class GgufMetadata {
  private GgufMetadata() {}

  /**
   * The keys.
   *
   * @param quantized whether file type and quantization version come last, as llama-quantize leaves
   *     them, or where the converter puts them
   * @param exact whether a mixture's weights are prepared so that llama.cpp comes close to it
   */
  static Map<String, MetadataValue> of(
      PhiModel model,
      GgufFileType fileType,
      Optional<String> name,
      boolean quantized,
      boolean exact) {
    PhiConfig config = model.config();
    GgufArchitecture architecture = GgufArchitecture.of(model.architecture());
    Map<String, MetadataValue> keys = new LinkedHashMap<>();
    keys.put("general.architecture", new MetadataValue.Text(architecture.text()));
    config
        .longRope()
        .ifPresent(
            rope ->
                keys.put(
                    architecture.key(GgufKey.ATTENTION_FACTOR),
                    new MetadataValue.F32((float) attention(architecture, config, rope, exact))));
    keys.put("general.type", new MetadataValue.Text("model"));
    keys.putAll(GeneralMetadata.of(model.checkpoint(), ModelSize.of(model), name));
    shape(architecture, config).forEach((key, value) -> keys.put(architecture.key(key), value));
    MetadataValue.U32 type = new MetadataValue.U32(fileType.id());
    if (!quantized) {
      keys.put("general.file_type", type);
    }
    if (model.architecture().keys().reads("sliding_window")) {
      keys.put(
          architecture.key(GgufKey.SLIDING_WINDOW),
          new MetadataValue.U32(config.slidingWindow().orElse(0)));
    } else {
      keys.put("tokenizer.ggml.add_bos_token", new MetadataValue.Bool(false));
    }
    config
        .experts()
        .ifPresent(
            experts -> {
              keys.put(
                  architecture.key(GgufKey.EXPERTS_USED),
                  new MetadataValue.U32(SparseMixer.CHOSEN));
              keys.put(architecture.key(GgufKey.EXPERTS), new MetadataValue.U32(experts.count()));
            });
    if (!quantized) {
      keys.put("general.quantization_version", new MetadataValue.U32(2));
    }
    keys.putAll(TokenizerMetadata.of(TokenizerFiles.of(model.checkpoint()), config.vocabulary()));
    if (quantized) {
      keys.put("general.quantization_version", new MetadataValue.U32(2));
      keys.put("general.file_type", type);
    }
    if (exact) {
      keys.put(PreparedMixture.KEY, new MetadataValue.Text(PreparedMixture.EXACT));
    }
    return keys;
  }

  private static double attention(
      GgufArchitecture architecture, PhiConfig config, PhiConfig.LongRope rope, boolean exact) {
    int original = config.originalContextLength();
    return architecture.derivesAttention() && !exact
        ? ConfigForm.attentionFactor((double) config.contextLength() / original, original)
        : rope.attentionFactor();
  }

  private static Map<GgufKey, MetadataValue> shape(
      GgufArchitecture architecture, PhiConfig config) {
    boolean phi2 = architecture == GgufArchitecture.PHI2;
    if (architecture != GgufArchitecture.PHI3 && config.tiedHead()) {
      throw new UserError(
          "gguf: the head is tied to the embedding, which llama.cpp's %s does not know."
              .formatted(architecture.text()),
          "onnx and openvino take it.");
    }
    Map<GgufKey, MetadataValue> keys = new LinkedHashMap<>();
    keys.put(GgufKey.CONTEXT, new MetadataValue.U32(config.contextLength()));
    if (!phi2) {
      keys.put(GgufKey.ORIGINAL_CONTEXT, new MetadataValue.U32(config.originalContextLength()));
    }
    keys.put(GgufKey.HIDDEN, new MetadataValue.U32(config.hidden()));
    keys.put(GgufKey.FEED_FORWARD, new MetadataValue.U32(config.feedForward()));
    keys.put(GgufKey.LAYERS, new MetadataValue.U32(config.layers()));
    keys.put(GgufKey.HEADS, new MetadataValue.U32(config.heads()));
    keys.put(GgufKey.KV_HEADS, new MetadataValue.U32(config.kvHeads()));
    keys.put(architecture.epsilon(), new MetadataValue.F32((float) config.epsilon()));
    keys.put(GgufKey.ROTARY_SIZE, new MetadataValue.U32(config.rotarySize()));
    if (!phi2 || config.ropeTheta() != 10000) {
      // The converter leaves it out for a Phi-2, and llama.cpp then takes 10000.
      keys.put(GgufKey.ROPE_THETA, new MetadataValue.F32((float) config.ropeTheta()));
    }
    return keys;
  }
}
