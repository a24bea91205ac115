package phiquant.model;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;

/**
 * The keys of a {@code config.json} that {@link PhiConfig} reads no number from. A few change what
 * the model computes and have one value here, so that another is refused; those that transformers
 * writes into every file change nothing. What is left is not known, and named.
 */
final class ConfigKeys {
  /** Beyond that, a list of unknown keys helps nobody. */
  private static final int NAMED = 12;

  /** What phiquant computes; {@code null} in a file means the first, the class's default. */
  private static final Map<String, Set<String>> COMPUTED =
      Map.ofEntries(
          Map.entry("hidden_act", Set.of("silu", "swish")),
          Map.entry("model_type", Set.of("phi3")),
          Map.entry("attention_bias", Set.of("false")),
          Map.entry("qkv_bias", Set.of("false")),
          Map.entry("mlp_bias", Set.of("false")),
          Map.entry("lm_head_bias", Set.of("false")),
          Map.entry("is_causal", Set.of("true")),
          Map.entry("is_encoder_decoder", Set.of("false")),
          Map.entry("add_cross_attention", Set.of("false")),
          Map.entry("pruned_heads", Set.of("{}")),
          // Phi-4-mini's, for mixes of attention that it does not have.
          Map.entry("full_attn_mod", Set.of("1")),
          Map.entry("interpolate_factor", Set.of("1")),
          // mlx-lm's, for pairs of neighbours.
          Map.entry("rope_traditional", Set.of("false")));

  /** What PhiConfig reads, then what both configuration classes write and inference ignores. */
  private static final Set<String> SILENT =
      Set.of(
          ("vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads"
                  + " num_key_value_heads head_dim max_position_embeddings rope_theta rope_scaling"
                  + " original_max_position_embeddings partial_rotary_factor rms_norm_eps"
                  + " sliding_window tie_word_embeddings quantization quantization_config"
                  + " architectures auto_map torch_dtype dtype use_cache initializer_range"
                  + " attention_dropout embd_pdrop resid_pdrop bos_token_id eos_token_id"
                  + " pad_token_id sep_token_id decoder_start_token_id _name_or_path"
                  + " transformers_version chunk_size_feed_forward id2label label2id is_decoder"
                  + " output_attentions output_hidden_states problem_type return_dict"
                  + " bad_words_ids begin_suppress_tokens cross_attention_hidden_size"
                  + " diversity_penalty do_sample early_stopping encoder_no_repeat_ngram_size"
                  + " exponential_decay_length_penalty finetuning_task forced_bos_token_id"
                  + " forced_eos_token_id length_penalty max_length min_length"
                  + " no_repeat_ngram_size num_beam_groups num_beams num_return_sequences"
                  + " output_scores prefix remove_invalid_values repetition_penalty"
                  + " return_dict_in_generate suppress_tokens task_specific_params temperature"
                  + " tf_legacy_loss tie_encoder_decoder tokenizer_class top_k top_p torchscript"
                  + " typical_p use_bfloat16 _attn_implementation attn_implementation"
                  + " _attn_implementation_autoset pretraining_tp")
              .split(" "));

  private static final Set<String> IN_ROPE =
      Set.of("type", "short_factor", "long_factor", "factor", "attention_factor");

  private ConfigKeys() {}

  /**
   * Refuses what phiquant would compute otherwise than the configuration says.
   *
   * @throws UserError naming key and value
   */
  static void check(ObjectNode config, String where) {
    for (String key : COMPUTED.keySet().stream().sorted().toList()) {
      JsonNode value = config.path(key);
      Set<String> computed = COMPUTED.get(key);
      String text = value.isContainerNode() ? value.toString() : value.asText();
      if (config.hasNonNull(key) && !computed.contains(text)) {
        throw new UserError(
            "%s: %s is %s, another function than phiquant computes; it knows %s."
                .formatted(
                    where,
                    key,
                    PhiConfig.shorten(text),
                    computed.stream().sorted().collect(joining(" or "))));
      }
    }
  }

  /** What a person should know: keys that are not known, a way of packing that is not in use. */
  static List<String> notices(ObjectNode config, String where) {
    List<String> notices = new ArrayList<>(unknown(config, where));
    JsonNode method = config.path("quantization_config").path("quant_method");
    if (method.isTextual()) {
      notices.add(
          where
              + " says that the weights are packed by '"
              + PhiConfig.shorten(method.asText())
              + "'; they are read as the plain numbers that they are stored as.");
    }
    return notices;
  }

  private static List<String> unknown(ObjectNode config, String where) {
    List<String> unknown = new ArrayList<>();
    for (String key : (Iterable<String>) config::fieldNames) {
      if (!SILENT.contains(key) && !COMPUTED.containsKey(key)) {
        unknown.add(PhiConfig.shorten(key));
      }
    }
    for (String key : (Iterable<String>) config.path("rope_scaling")::fieldNames) {
      if (!IN_ROPE.contains(key)) {
        unknown.add("rope_scaling." + PhiConfig.shorten(key));
      }
    }
    if (unknown.isEmpty()) {
      return List.of();
    }
    String more = unknown.size() > NAMED ? " and " + (unknown.size() - NAMED) + " more" : "";
    return List.of(
        where
            + " has keys that phiquant does not know and makes no use of: "
            + unknown.stream().limit(NAMED).collect(joining(", "))
            + more
            + ".");
  }
}
