package phiquant.engine.gguf.reader;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufKey;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.model.Architecture;
import phiquant.model.Role;

/**
 * The {@code config.json} that a GGUF file's metadata amounts to. Absent keys mean what they mean
 * to llama.cpp; every number is checked here, where its key is known.
 */
final class GgufConfig {
  private static final String HEAD = GgufNames.of(Role.HEAD, -1, false);

  private final GgufFile file;
  private final GgufArchitecture architecture;
  private final List<String> notices;
  private final ObjectNode config = JsonNodeFactory.instance.objectNode();

  private GgufConfig(GgufFile file, GgufArchitecture architecture) {
    this.file = file;
    this.architecture = architecture;
    this.notices = new ArrayList<>(UnreadKeys.notices(file, architecture.text() + "."));
  }

  /** What every released model of an architecture states, and no key of a file does. */
  private record Usual(List<String> flags, boolean value, String activation, String type) {
    static Usual of(GgufArchitecture architecture) {
      return switch (architecture) {
        case PHI3, PHI3_TEXT, PHI4_TEXT, LLAMA ->
            new Usual(List.of("attention_bias"), false, "silu", "bfloat16");
        case PHI2 -> new Usual(List.of("qk_layernorm"), false, "gelu_new", "float16");
        case PHIMOE ->
            new Usual(List.of("attention_bias", "lm_head_bias"), true, "silu", "bfloat16");
      };
    }
  }

  /**
   * The configuration, and what a person should know of how it was found.
   *
   * @param json as config.json
   * @param notices a sentence each
   */
  record Found(ObjectNode json, List<String> notices) {}

  /**
   * Makes it.
   *
   * @throws UserError naming the key that is missing, impossible or not computed here
   */
  static Found of(GgufFile file, GgufArchitecture architecture) {
    GgufConfig made = new GgufConfig(file, architecture);
    UnreadKeys.check(file, architecture);
    made.fill();
    return new Found(made.config, List.copyOf(made.notices));
  }

  private void fill() {
    int hidden = integer(GgufKey.HIDDEN, null);
    int heads = integer(GgufKey.HEADS, null);
    int context = integer(GgufKey.CONTEXT, null);
    int kvHeads = integer(GgufKey.KV_HEADS, heads);
    int headSize = Math.max(1, hidden / Math.max(1, heads));
    for (GgufKey key : List.of(GgufKey.KEY_SIZE, GgufKey.VALUE_SIZE)) {
      int length = integer(key, headSize);
      if (length != headSize) {
        throw impossible(key, length + ", but the heads have " + headSize + " dimensions");
      }
    }
    Architecture family = architecture.family();
    Usual usual = Usual.of(architecture);
    config.putArray("architectures").add(family.className());
    usual.flags().forEach(flag -> config.put(flag, usual.value()));
    config.put("attention_dropout", 0.0);
    token("bos_token_id", "bos_token_id");
    config.put("embd_pdrop", 0.0);
    token("eos_token_id", "eos_token_id");
    config.put("hidden_act", usual.activation());
    config.put("hidden_size", hidden);
    config.put("initializer_range", 0.02);
    config.put("intermediate_size", integer(GgufKey.FEED_FORWARD, null));
    config.put("max_position_embeddings", context);
    config.put("model_type", family.modelType());
    config.put("num_attention_heads", heads);
    int layers = integer(GgufKey.LAYERS, null);
    config.put("num_hidden_layers", layers);
    config.put("num_key_value_heads", kvHeads);
    if (family.keys().reads("num_local_experts")) {
      config.put("num_experts_per_tok", integer(GgufKey.EXPERTS_USED, null));
      config.put("num_local_experts", integer(GgufKey.EXPERTS, null));
    }
    int original = integer(GgufKey.ORIGINAL_CONTEXT, context);
    if (family.keys().reads("original_max_position_embeddings")) {
      config.put("original_max_position_embeddings", original);
    }
    token("pad_token_id", "padding_token_id");
    config.put("partial_rotary_factor", partial(integer(GgufKey.ROTARY_SIZE, headSize), headSize));
    config.put("resid_pdrop", 0.0);
    config.put(family.keys().epsilon(), within(architecture.epsilon(), null, 1e-30, 1));
    ropeScaling(context, original);
    config.put("rope_theta", within(GgufKey.ROPE_THETA, 10000.0, 1, 1e15));
    if (family.keys().reads("sliding_window")) {
      slidingWindow(window(layers, kvHeads, context));
    }
    config.put("tie_word_embeddings", !file.tensors().containsKey(HEAD));
    config.put("torch_dtype", usual.type());
    config.put("use_cache", true);
    config.put("vocab_size", vocabulary());
  }

  private void slidingWindow(int window) {
    if (window > 0) {
      config.put("sliding_window", window);
    } else {
      config.putNull("sliding_window");
    }
  }

  /**
   * The stated window. Phi-3 files from before it was written (August 2024) have that of the only
   * models there were then, as llama.cpp had it ({@code LLM_ARCH_PHI3} in its llama.cpp of 2024).
   */
  private int window(int layers, int kvHeads, int context) {
    int none = 0;
    if (architecture != GgufArchitecture.PHI3
        || file.metadata().containsKey(architecture.key(GgufKey.SLIDING_WINDOW))) {
      return integer(GgufKey.SLIDING_WINDOW, none);
    }
    String silent = file.path() + " is silent about a sliding window";
    if ((layers == 32 || layers == 40) && context == 4096) {
      notices.add(silent + "; as a Phi-3 of 4k it has one of 2047 tokens.");
      return 2047;
    }
    if (layers == 32 && kvHeads == 32 && context == 131072) {
      return 262144;
    }
    if (layers == 40 && context == 131072) {
      return 131072;
    }
    notices.add(silent + "; it is read as having none.");
    return none;
  }

  /** The part of a head, such that its product with the size is not cut to one less. */
  private static double partial(int rotary, int headSize) {
    double partial = (double) rotary / headSize;
    return (int) (partial * headSize) < rotary ? Math.nextUp(partial) : partial;
  }

  /** Longrope's factors are tensors; its attention factor is 1 to llama.cpp if none is stated. */
  private void ropeScaling(int context, int original) {
    GgufTensor longFactors = file.tensors().get(GgufNames.LONG_FACTORS);
    GgufTensor shortFactors = file.tensors().get(GgufNames.SHORT_FACTORS);
    double attention = within(GgufKey.ATTENTION_FACTOR, 1.0, 1e-3, 1e3);
    if (longFactors == null || shortFactors == null) {
      if (attention != 1) {
        throw impossible(GgufKey.ATTENTION_FACTOR, attention + " without factors of longrope");
      }
      config.putNull("rope_scaling");
      return;
    }
    ObjectNode scaling = config.putObject("rope_scaling");
    factors(longFactors, scaling.putArray("long_factor"));
    factors(shortFactors, scaling.putArray("short_factor"));
    scaling.put("type", "longrope");
    double usual = ConfigForm.attentionFactor((double) context / original, original);
    if (architecture.derivesAttention()) {
      if (!file.metadata().containsKey(PreparedMixture.KEY)) {
        notices.add(
            file.path()
                + ": a GGUF file of a PhiMoE has the attention factor that llama.cpp computes with,"
                + " not the model's own.");
      }
      scaling.put("short_mscale", attention).put("long_mscale", attention);
      scaling.put("original_max_position_embeddings", original);
    } else if ((float) usual != (float) attention) {
      scaling.put("attention_factor", attention);
    }
  }

  private static void factors(GgufTensor tensor, ArrayNode out) {
    for (float value : values(tensor)) {
      if (!Float.isFinite(value)) {
        throw new UserError("The tensor '" + tensor.name() + "' holds " + value + ".");
      }
      out.add(shortest(value));
    }
  }

  /** The numbers of a short vector. */
  static float[] values(GgufTensor tensor) {
    if (tensor.rows() != 1 || tensor.columns() > 4096) {
      throw new UserError(
          "The tensor '" + tensor.name() + "' has the shape " + tensor.shape() + ".");
    }
    float[] values = new float[(int) tensor.columns()];
    tensor.read(0, 1, values, 0);
    return values;
  }

  private int vocabulary() {
    int tokens = file.list("tokenizer.ggml.tokens").size();
    return tokens > 0 ? tokens : integer(GgufKey.VOCABULARY, null);
  }

  private void token(String to, String from) {
    if (file.metadata().get("tokenizer.ggml." + from) instanceof Long id) {
      config.put(to, id.intValue());
    }
  }

  private int integer(GgufKey key, Integer fallback) {
    double value = number(key, fallback);
    if (value != Math.rint(value) || value < 0 || value > 1 << 28) {
      throw impossible(key, String.valueOf(value));
    }
    return (int) value;
  }

  private double within(GgufKey key, Double fallback, double least, double most) {
    double value = shortest(number(key, fallback));
    if (!(value >= least && value <= most)) {
      throw impossible(key, String.valueOf(value));
    }
    return value;
  }

  private double number(GgufKey key, Number fallback) {
    return fallback == null || file.metadata().containsKey(architecture.key(key))
        ? file.number(architecture.key(key))
        : fallback.doubleValue();
  }

  private UserError impossible(GgufKey key, String value) {
    return new UserError(
        "%s has an impossible number under '%s': %s."
            .formatted(file.path(), architecture.key(key), value));
  }

  /** A float32 as the shortest decimal that reads back, which is what was meant: 1e-5. */
  private static double shortest(double value) {
    return Double.parseDouble(Float.toString((float) value));
  }
}
