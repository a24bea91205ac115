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
    List<Part> parts = new ArrayList<>();
    parts.add(Part.weight(Role.EMBEDDING, -1, "model.embed_tokens", config.vocabulary(), hidden));
    for (int i = 0; i < config.layers(); i++) {
      String at = "model.layers." + i + ".";
      Biased.add(parts, Role.ATTENTION_NORM, i, at + "input_layernorm", hidden);
      Biased.addAttention(parts, i, at + "self_attn.", "dense", config);
      Biased.add(parts, Role.UP, i, at + "mlp.fc1", config.feedForward(), hidden);
      Biased.add(parts, Role.DOWN, i, at + "mlp.fc2", hidden, config.feedForward());
    }
    Biased.add(parts, Role.OUTPUT_NORM, -1, "model.final_layernorm", hidden);
    Biased.addHead(parts, config);
    return List.copyOf(parts);
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
        Biased.linear(model, Role.UP, i, Role.UP),
        Biased.linear(model, Role.DOWN, i, Role.DOWN));
  }
}
