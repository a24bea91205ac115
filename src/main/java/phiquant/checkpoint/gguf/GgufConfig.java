package phiquant.checkpoint.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import phiquant.UserError;

/** The {@code config.json} of a {@code Phi3ForCausalLM} that a GGUF file's metadata amounts to. */
final class GgufConfig {
  private GgufConfig() {}

  static ObjectNode of(GgufFile file) {
    String prefix = file.text("general.architecture") + ".";
    int hidden = integer(file, prefix + "embedding_length");
    int heads = integer(file, prefix + "attention.head_count");
    int context = integer(file, prefix + "context_length");
    int headSize = Math.max(1, hidden / Math.max(1, heads));
    Number window = (Number) optional(file, prefix + "attention.sliding_window", 0L);
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.putArray("architectures").add("Phi3ForCausalLM");
    config.put("attention_bias", false);
    config.put("attention_dropout", 0.0);
    token(file, config, "bos_token_id", "bos_token_id");
    config.put("embd_pdrop", 0.0);
    token(file, config, "eos_token_id", "eos_token_id");
    config.put("hidden_act", "silu");
    config.put("hidden_size", hidden);
    config.put("initializer_range", 0.02);
    config.put("intermediate_size", integer(file, prefix + "feed_forward_length"));
    config.put("max_position_embeddings", context);
    config.put("model_type", "phi3");
    config.put("num_attention_heads", heads);
    config.put("num_hidden_layers", integer(file, prefix + "block_count"));
    config.put(
        "num_key_value_heads",
        ((Number) optional(file, prefix + "attention.head_count_kv", (long) heads)).intValue());
    config.put(
        "original_max_position_embeddings",
        ((Number) optional(file, prefix + "rope.scaling.original_context_length", (long) context))
            .intValue());
    token(file, config, "pad_token_id", "padding_token_id");
    double rotary =
        ((Number) optional(file, prefix + "rope.dimension_count", (long) headSize)).doubleValue();
    config.put("partial_rotary_factor", rotary / headSize);
    config.put("resid_pdrop", 0.0);
    config.put("rms_norm_eps", shortest(file.number(prefix + "attention.layer_norm_rms_epsilon")));
    ropeScaling(file, config);
    config.put(
        "rope_theta",
        shortest(((Number) optional(file, prefix + "rope.freq_base", 10000.0)).doubleValue()));
    if (window.intValue() > 0) {
      config.put("sliding_window", window.intValue());
    } else {
      config.putNull("sliding_window");
    }
    config.put("tie_word_embeddings", !file.tensors().containsKey("output.weight"));
    config.put("torch_dtype", "bfloat16");
    config.put("use_cache", true);
    config.put("vocab_size", vocabulary(file, prefix));
    return config;
  }

  private static void ropeScaling(GgufFile file, ObjectNode config) {
    GgufTensor longFactors = file.tensors().get("rope_factors_long.weight");
    GgufTensor shortFactors = file.tensors().get("rope_factors_short.weight");
    if (longFactors == null || shortFactors == null) {
      config.putNull("rope_scaling");
      return;
    }
    ObjectNode scaling = config.putObject("rope_scaling");
    factors(longFactors, scaling.putArray("long_factor"));
    factors(shortFactors, scaling.putArray("short_factor"));
    scaling.put("type", "longrope");
  }

  private static void factors(GgufTensor tensor, ArrayNode out) {
    if (tensor.rows() != 1 || tensor.columns() > 4096) {
      throw new UserError(
          "The tensor '" + tensor.name() + "' has the shape " + tensor.shape() + ".");
    }
    float[] values = new float[(int) tensor.columns()];
    tensor.read(0, 1, values, 0);
    for (float value : values) {
      out.add(shortest(value));
    }
  }

  private static int vocabulary(GgufFile file, String prefix) {
    int tokens = file.list("tokenizer.ggml.tokens").size();
    return tokens > 0 ? tokens : integer(file, prefix + "vocab_size");
  }

  private static void token(GgufFile file, ObjectNode config, String to, String from) {
    if (file.metadata().get("tokenizer.ggml." + from) instanceof Long id) {
      config.put(to, id.intValue());
    }
  }

  private static int integer(GgufFile file, String key) {
    double value = file.number(key);
    if (value != Math.rint(value) || value < 0 || value > 1 << 28) {
      throw new UserError(file.path() + " has an impossible number under '" + key + "'.");
    }
    return (int) value;
  }

  private static Object optional(GgufFile file, String key, Object otherwise) {
    return file.metadata().get(key) instanceof Number number ? number : otherwise;
  }

  /** A float32 as the shortest decimal that reads back, which is what was meant: 1e-5. */
  private static double shortest(double value) {
    return Double.parseDouble(Float.toString((float) value));
  }
}
