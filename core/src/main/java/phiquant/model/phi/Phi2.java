package phiquant.model.phi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.model.Activation;
import phiquant.model.Architecture;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.ConfigKeys;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;

/**
 * Phi-1, Phi-1.5 and Phi-2: attention and the feed-forward part read one norm, side by side, and
 * everything has a bias. Source: transformers' {@code modeling_phi.py} and {@code
 * configuration_phi.py}.
 */
public final class Phi2 implements Architecture {
  private static final ConfigKeys KEYS =
      new ConfigKeys(
          "layer_norm_eps",
          Map.ofEntries(
              Map.entry("vocab_size", 51200),
              Map.entry("hidden_size", 2048),
              Map.entry("intermediate_size", 8192),
              Map.entry("num_hidden_layers", 24),
              Map.entry("num_attention_heads", 32),
              Map.entry("max_position_embeddings", 2048),
              Map.entry("rope_theta", 10000),
              Map.entry("partial_rotary_factor", 0.5),
              Map.entry("layer_norm_eps", 1e-5)),
          Set.of("num_key_value_heads", "head_dim", "rope_scaling"),
          Map.of(
              "hidden_act", Set.of("gelu_new"),
              "model_type", Set.of("phi"),
              "qk_layernorm", Set.of("false"),
              "is_causal", Set.of("true"),
              "is_encoder_decoder", Set.of("false"),
              "add_cross_attention", Set.of("false"),
              "pruned_heads", Set.of("{}")));

  /** One layer. */
  private record Layer(Norm norm, Attention attention, Linear up, Linear down) implements Block {
    @Override
    public <V> V of(V stream, int layer, Flow<V> flow) {
      V normal = flow.norm(norm, stream);
      V attended = attention.of(normal, layer, flow);
      V wide = flow.activate(Activation.GELU_TANH, flow.linear(up, normal));
      return flow.add(stream, flow.add(attended, flow.linear(down, wide)));
    }
  }

  @Override
  public String className() {
    return "PhiForCausalLM";
  }

  @Override
  public String modelType() {
    return "phi";
  }

  @Override
  public ConfigKeys keys() {
    return KEYS;
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    long hidden = config.hidden();
    long heads = (long) config.heads() * config.headSize();
    long keys = (long) config.kvHeads() * config.headSize();
    List<Part> parts = new ArrayList<>();
    parts.add(Part.weight(Role.EMBEDDING, -1, "model.embed_tokens", config.vocabulary(), hidden));
    for (int i = 0; i < config.layers(); i++) {
      String at = "model.layers." + i + ".";
      add(parts, Role.ATTENTION_NORM, i, at + "input_layernorm", hidden);
      add(parts, Role.QUERY, i, at + "self_attn.q_proj", heads, hidden);
      add(parts, Role.KEY, i, at + "self_attn.k_proj", keys, hidden);
      add(parts, Role.VALUE, i, at + "self_attn.v_proj", keys, hidden);
      add(parts, Role.ATTENTION_OUTPUT, i, at + "self_attn.dense", hidden, heads);
      add(parts, Role.UP, i, at + "mlp.fc1", config.feedForward(), hidden);
      add(parts, Role.DOWN, i, at + "mlp.fc2", hidden, config.feedForward());
    }
    add(parts, Role.OUTPUT_NORM, -1, "model.final_layernorm", hidden);
    if (!config.tiedHead()) {
      parts.add(Part.weight(Role.HEAD, -1, "lm_head", config.vocabulary(), hidden));
    }
    parts.add(Part.bias(Role.HEAD, -1, "lm_head", config.vocabulary()));
    return List.copyOf(parts);
  }

  private static void add(List<Part> parts, Role role, int layer, String module, long... shape) {
    parts.add(Part.weight(role, layer, module, shape));
    parts.add(Part.bias(role, layer, module, shape[0]));
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
        new Linear(Role.HEAD, List.of(model.weight(head, -1)), List.of(model.bias(Role.HEAD, -1))));
  }

  private static Layer layer(PhiModel model, int i) {
    Linear qkv = linear(model, Role.QKV, i, Role.QUERY, Role.KEY, Role.VALUE);
    return new Layer(
        norm(model, Role.ATTENTION_NORM, i),
        new Attention(qkv, linear(model, Role.ATTENTION_OUTPUT, i, Role.ATTENTION_OUTPUT)),
        linear(model, Role.UP, i, Role.UP),
        linear(model, Role.DOWN, i, Role.DOWN));
  }

  private static Norm norm(PhiModel model, Role role, int layer) {
    return Norm.layer(model.weight(role, layer), model.bias(role, layer), model.config().epsilon());
  }

  private static Linear linear(PhiModel model, Role whole, int layer, Role... parts) {
    return new Linear(
        whole,
        List.of(parts).stream().map(part -> model.weight(part, layer)).toList(),
        List.of(parts).stream().map(part -> model.bias(part, layer)).toList());
  }
}
