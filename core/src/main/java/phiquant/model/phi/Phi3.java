package phiquant.model.phi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.model.Architecture;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.ConfigKeys;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;

/**
 * Phi-3, Phi-3.5-mini, Phi-4 and Phi-4-mini: a norm, attention, a norm, a gated feed-forward part,
 * each half added to the stream. Source: transformers' {@code modeling_phi3.py} and {@code
 * configuration_phi3.py}.
 */
public final class Phi3 implements Architecture {
  private static final ConfigKeys KEYS =
      new ConfigKeys(
          "rms_norm_eps",
          Map.ofEntries(
              Map.entry("vocab_size", 32064),
              Map.entry("hidden_size", 3072),
              Map.entry("intermediate_size", 8192),
              Map.entry("num_hidden_layers", 32),
              Map.entry("num_attention_heads", 32),
              Map.entry("max_position_embeddings", 4096),
              Map.entry("original_max_position_embeddings", 4096),
              Map.entry("rope_theta", 10000),
              Map.entry("partial_rotary_factor", 1),
              Map.entry("rms_norm_eps", 1e-5)),
          Set.of("num_key_value_heads", "head_dim", "rope_scaling", "sliding_window"),
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
              Map.entry("rope_traditional", Set.of("false"))));

  /** One layer; a Phi-3-small has the same. */
  record Layer(Norm attentionNorm, Attention attention, Norm mlpNorm, Mlp mlp) implements Block {
    @Override
    public <V> V of(V stream, int layer, Flow<V> flow) {
      V normal = flow.norm(attentionNorm, stream);
      V attended = flow.add(stream, attention.of(normal, layer, flow));
      return flow.add(attended, mlp.of(flow.norm(mlpNorm, attended), flow));
    }
  }

  @Override
  public String className() {
    return "Phi3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "phi3";
  }

  @Override
  public ConfigKeys keys() {
    return KEYS;
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    long hidden = config.hidden();
    long feedForward = config.feedForward();
    long heads = (long) config.heads() * config.headSize();
    List<Part> parts = new ArrayList<>();
    parts.add(Part.weight(Role.EMBEDDING, -1, "model.embed_tokens", config.vocabulary(), hidden));
    for (int i = 0; i < config.layers(); i++) {
      String at = "model.layers." + i + ".";
      parts.add(Part.weight(Role.ATTENTION_NORM, i, at + "input_layernorm", hidden));
      parts.add(Part.weight(Role.QKV, i, at + "self_attn.qkv_proj", config.qkvRows(), hidden));
      parts.add(Part.weight(Role.ATTENTION_OUTPUT, i, at + "self_attn.o_proj", hidden, heads));
      parts.add(Part.weight(Role.FEED_FORWARD_NORM, i, at + "post_attention_layernorm", hidden));
      parts.add(Part.weight(Role.GATE_UP, i, at + "mlp.gate_up_proj", 2 * feedForward, hidden));
      parts.add(Part.weight(Role.DOWN, i, at + "mlp.down_proj", hidden, feedForward));
    }
    parts.add(Part.weight(Role.OUTPUT_NORM, -1, "model.norm", hidden));
    if (!config.tiedHead()) {
      parts.add(Part.weight(Role.HEAD, -1, "lm_head", config.vocabulary(), hidden));
    }
    return List.copyOf(parts);
  }

  @Override
  public Network network(PhiModel model) {
    Role head = model.config().tiedHead() ? Role.EMBEDDING : Role.HEAD;
    List<Block> layers =
        IntStream.range(0, model.config().layers()).<Block>mapToObj(i -> layer(model, i)).toList();
    return new Network(
        model.weight(Role.EMBEDDING, -1),
        layers,
        norm(model, Role.OUTPUT_NORM, -1),
        linear(model, head, -1));
  }

  private static Layer layer(PhiModel model, int i) {
    return new Layer(
        norm(model, Role.ATTENTION_NORM, i),
        new Attention(linear(model, Role.QKV, i), linear(model, Role.ATTENTION_OUTPUT, i)),
        norm(model, Role.FEED_FORWARD_NORM, i),
        new Mlp(linear(model, Role.GATE_UP, i), linear(model, Role.DOWN, i)));
  }

  private static Norm norm(PhiModel model, Role role, int layer) {
    return Norm.rootMeanSquare(model.weight(role, layer), model.config().epsilon());
  }

  private static Linear linear(PhiModel model, Role role, int layer) {
    return Linear.of(model.weight(role, layer));
  }
}
