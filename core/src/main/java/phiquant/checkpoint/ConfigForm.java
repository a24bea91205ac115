package phiquant.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A {@code config.json} in the one form that everything here reads and writes: that of a {@code
 * Phi3ForCausalLM} with every fact where transformers 4 has it, which is where mlx-lm looks too.
 * Transformers 5 keeps the facts of rotary embedding in {@code rope_parameters}, other writers some
 * of them in {@code rope_scaling}; a Llama's configuration is a Phi-3's under other names and
 * defaults. docs/configuration.md has the table.
 */
public final class ConfigForm {
  private static final String ORIGINAL = "original_max_position_embeddings";

  /** LlamaConfig's defaults where they are not Phi3Config's (configuration_llama.py). */
  private static final Map<String, Number> LLAMA =
      new TreeMap<>(
          Map.of(
              "vocab_size", 32000,
              "hidden_size", 4096,
              "intermediate_size", 11008,
              "max_position_embeddings", 2048,
              "rms_norm_eps", 1e-6));

  private ConfigForm() {}

  /**
   * What longrope multiplies cos and sin with where a configuration does not state it ({@code
   * _compute_longrope_parameters} in transformers' modeling_rope_utils.py).
   *
   * @param stretch how many times the original context fits into the whole
   * @param original positions before they were stretched
   */
  public static double attentionFactor(double stretch, int original) {
    return stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
  }

  /** The architecture that a configuration names. */
  public static String architecture(JsonNode config) {
    return config.path("architectures").path(0).asText(config.path("model_type").asText("unknown"));
  }

  /**
   * Whether it is a Llama by name, whose query, key and value, gate and up are matrices of their
   * own.
   */
  public static boolean isLlama(JsonNode config) {
    return List.of("LlamaForCausalLM", "llama").contains(architecture(config));
  }

  /** Whether it is a Phi-3. */
  public static boolean isPhi3(JsonNode config) {
    return List.of("Phi3ForCausalLM", "phi3").contains(architecture(config));
  }

  /** Whether it is a Phi-1, Phi-1.5 or Phi-2, whose facts of rotary embedding are a Phi-3's. */
  public static boolean isPhi2(JsonNode config) {
    return List.of("PhiForCausalLM", "phi").contains(architecture(config));
  }

  /**
   * Whether it is a PhiMoE, whose class in transformers, unlike a Phi-3's, looks for the original
   * context within rope_scaling (modeling_phimoe.py).
   */
  public static boolean isPhiMoe(JsonNode config) {
    String name = architecture(config);
    return name.equalsIgnoreCase("PhiMoEForCausalLM") || name.equals("phimoe");
  }

  /**
   * Whether it is a Phi-3-small, whose class, unlike those of the others, ties the head where a
   * file is silent ({@code PretrainedConfig} of transformers 4).
   */
  public static boolean isPhi3Small(JsonNode config) {
    return List.of("Phi3SmallForCausalLM", "phi3small").contains(architecture(config));
  }

  /**
   * The configuration in that form: itself if it has it already, or is of another architecture, or
   * a Llama with a {@link #difference}.
   */
  public static ObjectNode of(ObjectNode config) {
    boolean llama = isLlama(config);
    if (isPhi3Small(config) && !config.hasNonNull("tie_word_embeddings")) {
      return config.deepCopy().put("tie_word_embeddings", true);
    }
    if (!isPhi3(config) && !isPhi2(config) && !isPhiMoe(config) && !llama) {
      return config;
    }
    ObjectNode form = config.deepCopy();
    rope(form);
    if (form.hasNonNull("dtype") && !form.hasNonNull("torch_dtype")) {
      form.set("torch_dtype", form.remove("dtype"));
    }
    if (llama && difference(config).isPresent()) {
      return config;
    }
    if (llama) {
      asPhi3(form);
    }
    return form.equals(config) ? config : form;
  }

  /**
   * What a Llama computes otherwise than a Phi-3, if anything: one without scaled rotary embedding
   * and window is a Phi-3 whose matrices are apart (modeling_llama.py beside modeling_phi3.py). The
   * rest that could differ, such as activation and biases, is checked as a Phi-3's.
   */
  public static Optional<String> difference(ObjectNode config) {
    ObjectNode form = config.deepCopy();
    rope(form);
    String type = form.path("model_type").asText("llama");
    String scaling = form.path("rope_scaling").path("type").asText("default");
    double partial = form.path("partial_rotary_factor").asDouble(1);
    long context = form.path("max_position_embeddings").asLong(2048);
    String fact = null;
    if (!type.equals("llama")) {
      fact = "model_type is " + shorten(type);
    } else if (!scaling.equals("default")) {
      fact = "rope_scaling is of the type " + shorten(scaling);
    } else if (partial != 1) {
      fact = "partial_rotary_factor is " + partial;
    } else if (form.path("sliding_window").asLong(context) < context) {
      fact = "sliding_window is " + form.path("sliding_window").asLong();
    }
    return Optional.ofNullable(fact);
  }

  /**
   * Moves the facts of rotary embedding to where transformers 4 has them. As in {@code
   * convert_rope_params_to_dict} of transformers 5, rope_scaling counts where both are there, and
   * what stands inside of it counts before what stands outside; but for the original context, where
   * the outside does, unless it is a PhiMoE.
   */
  private static void rope(ObjectNode config) {
    boolean moe = isPhiMoe(config);
    JsonNode parameters = config.remove("rope_parameters");
    JsonNode scaling = config.path("rope_scaling");
    if (!hasFacts(scaling) && (scaling.isObject() || scaling.isNull() || scaling.isMissingNode())) {
      scaling = parameters;
    }
    if (!hasFacts(scaling)) {
      return;
    }
    ObjectNode rope = scaling.deepCopy();
    for (String key : List.of("rope_theta", "partial_rotary_factor", ORIGINAL)) {
      boolean original = key.equals(ORIGINAL);
      JsonNode inside = original && moe ? rope.get(key) : rope.remove(key);
      if (inside != null
          && !inside.isNull()
          && !(original && !moe && config.hasNonNull(ORIGINAL))) {
        config.set(key, inside);
      }
    }
    JsonNode type = rope.remove("rope_type");
    if (type != null && !type.isNull()) {
      rope.set("type", type);
    }
    boolean plain = rope.path("type").asText("default").equals("default");
    rope = plain && rope.without("type").isEmpty() ? null : rope;
    if (rope == null) {
      config.putNull("rope_scaling");
    } else {
      config.set("rope_scaling", rope);
    }
  }

  private static boolean hasFacts(JsonNode rope) {
    return rope != null && rope.isObject() && !rope.isEmpty();
  }

  /** Every fact of a Llama, stated as a Phi-3's. */
  private static void asPhi3(ObjectNode config) {
    LLAMA.forEach((key, value) -> putIfAbsent(config, key, value));
    if (!config.hasNonNull(ORIGINAL)) {
      config.set(ORIGINAL, config.get("max_position_embeddings"));
    }
    config.putNull("sliding_window");
    config.putArray("architectures").add("Phi3ForCausalLM");
    config.put("model_type", "phi3");
    config.remove("pretraining_tp"); // Slices of the same products.
  }

  private static void putIfAbsent(ObjectNode config, String key, Number value) {
    if (!config.hasNonNull(key)) {
      if (value instanceof Integer integer) {
        config.put(key, integer);
      } else {
        config.put(key, value.doubleValue());
      }
    }
  }

  private static String shorten(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }
}
