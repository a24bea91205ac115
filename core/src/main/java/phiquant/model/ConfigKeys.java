package phiquant.model;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;

/**
 * The keys of a {@code config.json} that an architecture knows. Some are read, with transformers'
 * defaults; a few change what the model computes and have one value here, so that another is
 * refused; those that transformers writes into every file change nothing. What is left is not
 * known, and named.
 *
 * @param epsilon which key is the norms'
 * @param defaults what absence means, for all keys that {@link PhiConfig} reads numbers from; those
 *     without a default are in {@code optional}
 * @param optional keys that are read, too, if they are there; of {@code rope_scaling} those that
 *     not all architectures have there
 * @param computed what phiquant computes; {@code null} in a file means the first, the class's
 *     default
 * @param names what it calls keys that are called otherwise by the other architectures
 */
public record ConfigKeys(
    String epsilon,
    Map<String, Number> defaults,
    Set<String> optional,
    Map<String, Set<String>> computed,
    Map<String, String> names) {
  /** Beyond that, a list of unknown keys helps nobody. */
  private static final int NAMED = 12;

  /** What the configuration classes of all architectures write and inference ignores. */
  private static final Set<String> SILENT =
      Set.of(
          ("tie_word_embeddings quantization quantization_config"
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
                  + " _attn_implementation_autoset pretraining_tp hidden_dropout"
                  + " input_jitter_noise output_router_logits router_aux_loss_coef"
                  + " attention_dropout_prob embedding_dropout_prob ffn_dropout_prob"
                  + " blocksparse_triton_kernel_block_size gegelu_pad_to_256"
                  + " pad_sequence_to_multiple_of_64 reorder_and_upcast_attn transformers.js_config")
              .split(" "));

  private static final Set<String> IN_ROPE =
      Set.of(
          "type",
          "short_factor",
          "long_factor",
          "factor",
          "attention_factor",
          "original_max_position_embeddings");

  /** The keys of an architecture that names them as the others do. */
  public ConfigKeys(
      String epsilon,
      Map<String, Number> defaults,
      Set<String> optional,
      Map<String, Set<String>> computed) {
    this(epsilon, defaults, optional, computed, Map.of());
  }

  /** These for a class that has the same model in it: its own name, and the keys it adds. */
  public ConfigKeys within(String modelType, Set<String> added) {
    Set<String> all = new HashSet<>(optional);
    all.addAll(added);
    Map<String, Set<String>> values = new HashMap<>(computed);
    values.put("model_type", Set.of(modelType));
    return new ConfigKeys(epsilon, defaults, all, values, names);
  }

  /** What a key is called in this architecture's files. */
  String name(String key) {
    return names.getOrDefault(key, key);
  }

  /** Whether an architecture's class reads that key. */
  public boolean reads(String key) {
    return defaults.containsKey(key) || optional.contains(key);
  }

  /**
   * Refuses what phiquant would compute otherwise than the configuration says.
   *
   * @throws UserError naming key and value
   */
  void check(ObjectNode config, String where) {
    for (String key : computed.keySet().stream().sorted().toList()) {
      JsonNode value = config.path(key);
      Set<String> values = computed.get(key);
      String text = value.isContainerNode() ? value.toString() : value.asText();
      if (config.hasNonNull(key) && !values.contains(text)) {
        throw new UserError(
            "%s: %s is %s, another function than phiquant computes; it knows %s."
                .formatted(
                    where,
                    key,
                    PhiConfig.shorten(text),
                    values.stream().sorted().collect(joining(" or "))));
      }
    }
  }

  /** What a person should know: keys that are not known, a way of packing that is not in use. */
  List<String> notices(ObjectNode config, String where) {
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

  /** The keys that this does not know, in the file's order. */
  public List<String> unknown(ObjectNode config) {
    List<String> unknown = new ArrayList<>();
    for (String key : (Iterable<String>) config::fieldNames) {
      if (!SILENT.contains(key) && !reads(key) && !computed.containsKey(key)) {
        unknown.add(PhiConfig.shorten(key));
      }
    }
    for (String key : (Iterable<String>) config.path("rope_scaling")::fieldNames) {
      if (!IN_ROPE.contains(key) && !reads("rope_scaling." + key)) {
        unknown.add("rope_scaling." + PhiConfig.shorten(key));
      }
    }
    return unknown;
  }

  private List<String> unknown(ObjectNode config, String where) {
    List<String> unknown = unknown(config);
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
