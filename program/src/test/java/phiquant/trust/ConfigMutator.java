package phiquant.trust;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Sets a key that changes what a model computes, or how it is stored, whether the configuration has
 * it already or not.
 *
 * @param file its name
 */
record ConfigMutator(String file) implements Mutator {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> INTEGERS =
      List.of(
          "hidden_size",
          "intermediate_size",
          "num_hidden_layers",
          "num_attention_heads",
          "num_key_value_heads",
          "head_dim",
          "vocab_size",
          "max_position_embeddings",
          "original_max_position_embeddings",
          "sliding_window",
          "num_local_experts",
          "num_experts_per_tok",
          "blocksparse_block_size",
          "blocksparse_num_local_blocks",
          "blocksparse_vert_stride",
          "dense_attention_every_n_layers",
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "top_k",
          "max_length",
          "quantization/bits",
          "quantization/group_size");

  private static final List<String> NUMBERS =
      List.of(
          "rms_norm_eps",
          "rope_theta",
          "partial_rotary_factor",
          "router_jitter_noise",
          "gegelu_limit",
          "mup_width_multiplier",
          "attention_dropout",
          "temperature",
          "top_p",
          "min_p",
          "repetition_penalty",
          "rope_scaling/attention_factor",
          "rope_scaling/factor",
          "rope_scaling/short_mscale",
          "rope_parameters/rope_theta");

  private static final List<String> TEXTS =
      List.of(
          "hidden_act",
          "model_type",
          "architectures",
          "torch_dtype",
          "rope_scaling/type",
          "rope_scaling/rope_type",
          "rope_parameters/rope_type",
          "quantization/mode",
          "quantization_config/quant_method");

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(file);
    if (bytes == null) {
      return;
    }
    try {
      if (JSON.readTree(bytes) instanceof ObjectNode config) {
        set(config, input, dice);
        input.files.put(file, config.toString().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      new BytesMutator(file).mutate(input, dice); // It was broken before.
    }
  }

  private void set(ObjectNode config, Input input, Dice dice) {
    String path =
        switch (dice.below(5)) {
          case 0, 1 -> dice.pick(INTEGERS);
          case 2, 3 -> dice.pick(NUMBERS);
          default -> dice.pick(TEXTS);
        };
    ObjectNode holder = config;
    String key = path;
    if (path.contains("/")) {
      String outer = path.substring(0, path.indexOf('/'));
      key = path.substring(outer.length() + 1);
      holder = config.get(outer) instanceof ObjectNode inner ? inner : config.putObject(outer);
    }
    JsonNode before =
        INTEGERS.contains(path)
            ? holder.numberNode(holder.path(key).asLong(32))
            : NUMBERS.contains(path)
                ? holder.numberNode(holder.path(key).asDouble(1))
                : holder.textNode("");
    JsonNode value = JsonMutator.value(before, dice);
    if (TEXTS.contains(path)) {
      String word =
          dice.of(
              "gelu",
              "silu",
              "phi3",
              "llama",
              "longrope",
              "su",
              "yarn",
              "linear",
              "default",
              "affine",
              "mxfp4",
              "LlamaForCausalLM",
              "float64",
              "awq",
              "");
      value = key.equals("architectures") ? holder.arrayNode().add(word) : holder.textNode(word);
    }
    holder.set(key, value);
    input.changed("%s: %s is %s", file, path, value);
  }
}
