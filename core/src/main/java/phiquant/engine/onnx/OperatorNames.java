package phiquant.engine.onnx;

import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.model.Place;
import phiquant.model.Role;

/**
 * The names that ONNX Runtime GenAI's model builder gives to operators, for reading and writing
 * alike; tools, and options such as {@code nodes_to_exclude}, know them by these. An operator's
 * name is that of its module and, behind a slash, what it does there. Source: {@code make_layer}
 * and what it calls in the builder's {@code builders/base.py}.
 *
 * @param gated whether feed-forward parts have a gate; without one their matrices are called
 *     otherwise
 */
public record OperatorNames(boolean gated) {
  private static final Pattern IN_LAYER = Pattern.compile("/model/layers\\.(\\d{1,9})/(.+)");

  /** The embedding. */
  public static final String EMBEDDING = "/model/embed_tokens";

  /** The head. */
  public static final String HEAD = "/lm_head";

  private static final String LAST_NORM = "final_norm_layernorm";

  /** The names for a model that has these roles. */
  public static OperatorNames of(Collection<Role> roles) {
    return new OperatorNames(roles.contains(Role.GATE_UP));
  }

  private Map<Role, String> inLayer() {
    Map<Role, String> names = new EnumMap<>(Role.class);
    names.put(Role.ATTENTION_NORM, "input_layernorm");
    names.put(Role.QKV, "attn/qkv_proj");
    names.put(Role.QUERY, "attn/q_proj");
    names.put(Role.KEY, "attn/k_proj");
    names.put(Role.VALUE, "attn/v_proj");
    names.put(Role.ATTENTION_OUTPUT, "attn/o_proj");
    names.put(Role.FEED_FORWARD_NORM, "post_attention_layernorm");
    names.put(Role.GATE_UP, "mlp/gate_up_proj");
    names.put(Role.GATE, "mlp/gate_proj");
    names.put(Role.UP, gated ? "mlp/up_proj" : "mlp/fc1");
    names.put(Role.DOWN, gated ? "mlp/down_proj" : "mlp/fc2");
    names.put(Role.ROUTER, "moe/gate");
    names.put(Role.EXPERT_GATE, "moe");
    return names;
  }

  /** The module at a place; for the last norm see {@link #norm}. */
  public String module(Place place) {
    return switch (place.role()) {
      case EMBEDDING -> EMBEDDING;
      case HEAD -> HEAD;
      default -> layer(place.layer()) + inLayer().get(place.role());
    };
  }

  /**
   * A norm.
   *
   * @param layers of the model: the last norm counts as of one more
   */
  public String norm(Place place, int layers) {
    return place.role() == Role.OUTPUT_NORM ? layer(layers) + LAST_NORM : module(place);
  }

  /** The product with the weight at a place. */
  public String product(Place place) {
    return module(place) + "/MatMul";
  }

  /** The operator that has a layer's experts. */
  public static String mixture(int layer) {
    return experts(layer) + "/MoE";
  }

  /** The place that a module is, if it has a weight; that of the first gate for all experts. */
  public Optional<Place> place(String module) {
    Matcher inside = IN_LAYER.matcher(module);
    if (!inside.matches()) {
      return switch (module) {
        case EMBEDDING -> Optional.of(Place.of(Role.EMBEDDING));
        case HEAD -> Optional.of(Place.of(Role.HEAD));
        default -> Optional.empty();
      };
    }
    if (inside.group(2).equals(LAST_NORM)) {
      return Optional.of(Place.of(Role.OUTPUT_NORM));
    }
    int layer = Integer.parseInt(inside.group(1));
    return inLayer().entrySet().stream()
        .filter(entry -> entry.getValue().equals(inside.group(2)))
        .map(entry -> new Place(entry.getKey(), layer))
        .findFirst();
  }

  /** What the names of a layer's attention begin with. */
  public static String attention(int layer) {
    return layer(layer) + "attn";
  }

  /** What the names of a layer's feed-forward part begin with. */
  public static String mlp(int layer) {
    return layer(layer) + "mlp";
  }

  /** What the names of a layer's experts begin with. */
  public static String experts(int layer) {
    return layer(layer) + "moe";
  }

  /** What the names begin with of what chooses among them. */
  public static String routing(int layer) {
    return experts(layer) + "/router";
  }

  /** The sum of what attention and the feed-forward part of a parallel block give. */
  public static String branches(int layer) {
    return layer(layer) + "residual_add/Add";
  }

  private static String layer(int layer) {
    return "/model/layers." + layer + "/";
  }
}
