package phiquant.engine.gguf.writer;

import java.util.Map;
import phiquant.UserError;
import phiquant.model.PhiConfig;

/**
 * The keys that llama.cpp's converter writes for a {@code PhiForCausalLM}, its architecture {@code
 * phi2}. Source: {@code Phi2Model} in the converter's phi.py.
 */
final class Phi2Keys {
  private Phi2Keys() {}

  /**
   * The architecture's keys.
   *
   * @throws UserError if llama.cpp's phi2 has no place for a fact
   */
  static void put(PhiConfig config, Map<String, Value> keys) {
    if (config.tiedHead()) {
      throw new UserError(
          "gguf: the head is tied to the embedding, which llama.cpp's phi2 does not know.",
          "onnx and openvino take it.");
    }
    keys.put("phi2.context_length", new Value.U32(config.contextLength()));
    keys.put("phi2.embedding_length", new Value.U32(config.hidden()));
    keys.put("phi2.feed_forward_length", new Value.U32(config.feedForward()));
    keys.put("phi2.block_count", new Value.U32(config.layers()));
    keys.put("phi2.attention.head_count", new Value.U32(config.heads()));
    keys.put("phi2.attention.head_count_kv", new Value.U32(config.kvHeads()));
    keys.put("phi2.attention.layer_norm_epsilon", new Value.F32((float) config.epsilon()));
    keys.put("phi2.rope.dimension_count", new Value.U32(config.rotarySize()));
    if (config.ropeTheta() != 10000) {
      // The converter leaves it out, and llama.cpp then takes 10000.
      keys.put("phi2.rope.freq_base", new Value.F32((float) config.ropeTheta()));
    }
  }
}
