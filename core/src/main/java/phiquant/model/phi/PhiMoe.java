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
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.SparseMixer;
import phiquant.model.Weight;

/**
 * Phi-3.5-MoE, Phi-mini-MoE and Phi-tiny-MoE: Phi-3's layers with layer norms and biases, and
 * experts in place of the feed-forward part. Source: transformers' {@code modeling_phimoe.py} and
 * {@code configuration_phimoe.py}.
 */
public final class PhiMoe implements Architecture {
  private static final ConfigKeys KEYS =
      new ConfigKeys(
          "rms_norm_eps",
          Map.ofEntries(
              Map.entry("vocab_size", 32064),
              Map.entry("hidden_size", 4096),
              Map.entry("intermediate_size", 6400),
              Map.entry("num_hidden_layers", 32),
              Map.entry("num_attention_heads", 32),
              Map.entry("num_key_value_heads", 8),
              Map.entry("max_position_embeddings", 131072),
              Map.entry("rope_theta", 1e6),
              Map.entry("rms_norm_eps", 1e-5),
              Map.entry("num_local_experts", 16),
              Map.entry("router_jitter_noise", 0.01)),
          Set.of(
              "head_dim",
              "original_max_position_embeddings",
              "rope_scaling",
              "rope_scaling.short_mscale",
              "rope_scaling.long_mscale",
              "sliding_window"),
          Map.of(
              "hidden_act", Set.of("silu", "swish"),
              "model_type", Set.of("phimoe"),
              "partial_rotary_factor", Set.of("1", "1.0"),
              "attention_bias", Set.of("true"),
              "lm_head_bias", Set.of("true"),
              "num_experts_per_tok", Set.of(String.valueOf(SparseMixer.CHOSEN)),
              "is_causal", Set.of("true"),
              "is_encoder_decoder", Set.of("false"),
              "add_cross_attention", Set.of("false"),
              "pruned_heads", Set.of("{}")));

  /** One layer. */
  private record Layer(Norm attentionNorm, Attention attention, Norm mlpNorm, Experts experts)
      implements Block {
    @Override
    public <V> V of(V stream, int layer, Flow<V> flow) {
      V normal = flow.norm(attentionNorm, stream);
      V attended = flow.add(stream, attention.of(normal, layer, flow));
      return flow.add(attended, experts.of(flow.norm(mlpNorm, attended), flow));
    }
  }

  @Override
  public String className() {
    return "PhiMoEForCausalLM";
  }

  @Override
  public String modelType() {
    return "phimoe";
  }

  @Override
  public ConfigKeys keys() {
    return KEYS;
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    long hidden = config.hidden();
    List<Part> parts = new ArrayList<>();
    parts.add(Part.weight(Role.EMBEDDING, -1, "model.embed_tokens", config.vocabulary(), hidden));
    for (int i = 0; i < config.layers(); i++) {
      String at = "model.layers." + i + ".";
      Biased.add(parts, Role.ATTENTION_NORM, i, at + "input_layernorm", hidden);
      Biased.addAttention(parts, i, at + "self_attn.", "o_proj", config);
      Biased.add(parts, Role.FEED_FORWARD_NORM, i, at + "post_attention_layernorm", hidden);
      addExperts(parts, i, at + "block_sparse_moe.", config);
    }
    Biased.add(parts, Role.OUTPUT_NORM, -1, "model.norm", hidden);
    Biased.addHead(parts, config);
    return List.copyOf(parts);
  }

  private static void addExperts(List<Part> parts, int layer, String at, PhiConfig config) {
    int hidden = config.hidden();
    int wide = config.feedForward();
    int count = config.experts().orElseThrow().count();
    parts.add(Part.weight(Role.ROUTER, layer, at + "gate", count, hidden));
    for (int e = 0; e < count; e++) {
      String expert = at + "experts." + e + ".";
      parts.add(Part.weight(Role.EXPERT_GATE, layer, expert + "w1", wide, hidden));
      parts.add(Part.weight(Role.EXPERT_DOWN, layer, expert + "w2", hidden, wide));
      parts.add(Part.weight(Role.EXPERT_UP, layer, expert + "w3", wide, hidden));
    }
  }

  @Override
  public Network network(PhiModel model) {
    return new Network(
        model.weight(Role.EMBEDDING, -1),
        IntStream.range(0, model.config().layers()).mapToObj(i -> layer(model, i)).toList(),
        Biased.norm(model, Role.OUTPUT_NORM, -1),
        Biased.head(model));
  }

  private static Block layer(PhiModel model, int i) {
    return new Layer(
        Biased.norm(model, Role.ATTENTION_NORM, i),
        Biased.attention(model, i),
        Biased.norm(model, Role.FEED_FORWARD_NORM, i),
        experts(model, i));
  }

  private static Experts experts(PhiModel model, int layer) {
    List<Weight> gates = model.weights(Role.EXPERT_GATE, layer);
    List<Weight> ups = model.weights(Role.EXPERT_UP, layer);
    List<Weight> downs = model.weights(Role.EXPERT_DOWN, layer);
    List<Mlp> all = new ArrayList<>();
    for (int e = 0; e < gates.size(); e++) {
      Linear gateUp = new Linear(Role.GATE_UP, List.of(gates.get(e), ups.get(e)), List.of());
      all.add(new Mlp(gateUp, Linear.of(downs.get(e))));
    }
    SparseMixer mixer = new SparseMixer(model.config().experts().orElseThrow().jitter());
    return new Experts(Linear.of(model.weight(Role.ROUTER, layer)), List.copyOf(all), mixer);
  }
}
