package phiquant.model.phi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Scaled;
import phiquant.model.Architecture;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.ConfigKeys;
import phiquant.model.Gate;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.SmallFacts;
import phiquant.model.Weight;
import phiquant.model.Withheld;

/**
 * Phi-3-small: Phi-3's layers with layer norms and biases, most of whose attention leaves out
 * blocks of positions, another gate, and the factors of muP. Source: modeling_phi3_small.py and
 * configuration_phi3_small.py, which its checkpoints carry.
 */
public final class Phi3Small implements Architecture {
  private static final ConfigKeys KEYS =
      new ConfigKeys(
          "layer_norm_epsilon",
          Map.ofEntries(
              Map.entry("vocab_size", 100352),
              Map.entry("hidden_size", 4096),
              Map.entry("ff_intermediate_size", 14336),
              Map.entry("num_hidden_layers", 32),
              Map.entry("num_attention_heads", 32),
              Map.entry("num_key_value_heads", 8),
              Map.entry("max_position_embeddings", 8192),
              Map.entry("rope_embedding_base", 1e6),
              Map.entry("layer_norm_epsilon", 1e-5),
              Map.entry("gegelu_limit", 20.0),
              Map.entry("mup_embedding_multiplier", 10.0),
              Map.entry("mup_width_multiplier", 8.0),
              Map.entry("mup_attn_multiplier", 1.0),
              Map.entry("blocksparse_block_size", 64),
              Map.entry("blocksparse_num_local_blocks", 16),
              Map.entry("blocksparse_vert_stride", 8),
              Map.entry("dense_attention_every_n_layers", 2)),
          Set.of("rope_scaling", "mup_use_scaling", "dummy_token_indices"),
          Map.of(
              "hidden_act", Set.of("gegelu"),
              "model_type", Set.of("phi3small"),
              "attention_bias", Set.of("false"), // Its attention has biases all the same.
              "blocksparse_homo_head_pattern", Set.of("false"),
              "rope_position_scale", Set.of("1.0", "1"),
              "ff_dim_multiplier", Set.of("null")),
          Map.of("intermediate_size", "ff_intermediate_size", "rope_theta", "rope_embedding_base"));

  @Override
  public String className() {
    return "Phi3SmallForCausalLM";
  }

  @Override
  public String modelType() {
    return "phi3small";
  }

  @Override
  public ConfigKeys keys() {
    return KEYS;
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    long hidden = config.hidden();
    long wide = config.feedForward();
    List<Part> parts = new ArrayList<>();
    parts.add(Part.weight(Role.EMBEDDING, -1, "model.embed_tokens", config.vocabulary(), hidden));
    for (int i = 0; i < config.layers(); i++) {
      String at = "model.layers." + i + ".";
      Biased.add(parts, Role.ATTENTION_NORM, i, at + "input_layernorm", hidden);
      Biased.add(parts, Role.QKV, i, at + "self_attn.query_key_value", config.qkvRows(), hidden);
      Biased.add(parts, Role.ATTENTION_OUTPUT, i, at + "self_attn.dense", hidden, hidden);
      Biased.add(parts, Role.FEED_FORWARD_NORM, i, at + "post_attention_layernorm", hidden);
      Biased.add(parts, Role.GATE_UP, i, at + "mlp.up_proj", 2 * wide, hidden);
      Biased.add(parts, Role.DOWN, i, at + "mlp.down_proj", hidden, wide);
    }
    Biased.add(parts, Role.OUTPUT_NORM, -1, "model.final_layernorm", hidden);
    if (!config.tiedHead()) {
      parts.add(Part.weight(Role.HEAD, -1, "lm_head", config.vocabulary(), hidden));
    }
    return List.copyOf(parts);
  }

  @Override
  public StoredTensor stored(Part part, StoredTensor computed, PhiConfig config) {
    double scale = config.small().orElseThrow().logitsScale();
    return switch (part.role()) {
      case QKV -> GroupedRows.of(computed, config);
      case OUTPUT_NORM -> new Scaled(computed, (float) (1 / scale));
      default -> computed;
    };
  }

  /** The head's bias, which withholds tokens. */
  @Override
  public List<Weight> implied(PhiConfig config) {
    List<Integer> unused = config.small().orElseThrow().unused();
    Withheld never = new Withheld("lm_head.bias", config.vocabulary(), unused);
    return List.of(new Weight(Role.HEAD, -1, true, never));
  }

  @Override
  public Network network(PhiModel model) {
    PhiConfig config = model.config();
    SmallFacts facts = config.small().orElseThrow();
    Role head = config.tiedHead() ? Role.EMBEDDING : Role.HEAD;
    return new Network(
        model.weight(Role.EMBEDDING, -1).times(facts.embeddingScale()),
        IntStream.range(0, config.layers()).mapToObj(i -> layer(model, facts, i)).toList(),
        Biased.norm(model, Role.OUTPUT_NORM, -1).times(facts.logitsScale()),
        new Linear(Role.HEAD, List.of(model.weight(head, -1)), implied(config)));
  }

  private static Block layer(PhiModel model, SmallFacts facts, int i) {
    Linear qkv =
        new Linear(
            Role.QKV,
            GroupedRows.sorted(model.weight(Role.QKV, i), model.config()),
            GroupedRows.sorted(model.bias(Role.QKV, i), model.config()));
    Linear output = Biased.linear(model, Role.ATTENTION_OUTPUT, i, Role.ATTENTION_OUTPUT);
    return new Phi3.Layer(
        Biased.norm(model, Role.ATTENTION_NORM, i),
        new Attention(qkv, output, facts.scoreScale(), facts.blocks(i)),
        Biased.norm(model, Role.FEED_FORWARD_NORM, i),
        new Mlp(
            Biased.linear(model, Role.GATE_UP, i, Role.GATE_UP),
            Biased.linear(model, Role.DOWN, i, Role.DOWN),
            new Gate.GeGelu(facts.gateLimit())));
  }
}
