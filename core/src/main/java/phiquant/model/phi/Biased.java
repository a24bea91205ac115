package phiquant.model.phi;

import java.util.List;
import java.util.stream.Stream;
import phiquant.model.Architecture.Part;
import phiquant.model.Attention;
import phiquant.model.Linear;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;

/**
 * What Phi-2, PhiMoE and Phi-3-small have alike: layer norms, products with biases, matrices kept
 * apart.
 */
final class Biased {
  private Biased() {}

  /** The tensors of a norm, or of a product. */
  static void add(List<Part> parts, Role role, int layer, String module, long... shape) {
    parts.add(Part.weight(role, layer, module, shape));
    parts.add(Part.bias(role, layer, module, shape[0]));
  }

  /** The tensors of attention. */
  static void addAttention(
      List<Part> parts, int layer, String at, String output, PhiConfig config) {
    long hidden = config.hidden();
    long heads = (long) config.heads() * config.headSize();
    long keys = (long) config.kvHeads() * config.headSize();
    add(parts, Role.QUERY, layer, at + "q_proj", heads, hidden);
    add(parts, Role.KEY, layer, at + "k_proj", keys, hidden);
    add(parts, Role.VALUE, layer, at + "v_proj", keys, hidden);
    add(parts, Role.ATTENTION_OUTPUT, layer, at + output, hidden, heads);
  }

  /** The tensors of the head, whose weight may be the embedding. */
  static void addHead(List<Part> parts, PhiConfig config) {
    if (!config.tiedHead()) {
      parts.add(Part.weight(Role.HEAD, -1, "lm_head", config.vocabulary(), config.hidden()));
    }
    parts.add(Part.bias(Role.HEAD, -1, "lm_head", config.vocabulary()));
  }

  static Norm norm(PhiModel model, Role role, int layer) {
    return Norm.layer(model.weight(role, layer), model.bias(role, layer), model.config().epsilon());
  }

  static Attention attention(PhiModel model, int layer) {
    return new Attention(
        linear(model, Role.QKV, layer, Role.QUERY, Role.KEY, Role.VALUE),
        linear(model, Role.ATTENTION_OUTPUT, layer, Role.ATTENTION_OUTPUT));
  }

  static Linear linear(PhiModel model, Role whole, int layer, Role... parts) {
    return new Linear(
        whole,
        Stream.of(parts).map(part -> model.weight(part, layer)).toList(),
        Stream.of(parts).map(part -> model.bias(part, layer)).toList());
  }

  static Linear head(PhiModel model) {
    Role weight = model.config().tiedHead() ? Role.EMBEDDING : Role.HEAD;
    return new Linear(
        Role.HEAD, List.of(model.weight(weight, -1)), List.of(model.bias(Role.HEAD, -1)));
  }
}
