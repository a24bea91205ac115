package phiquant.model.phi;

import java.util.List;
import java.util.stream.IntStream;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiModel;
import phiquant.model.Role;

/**
 * Phi-3, Phi-3.5-mini, Phi-4 and Phi-4-mini: a norm, attention, a norm, a gated feed-forward part,
 * each half added to the stream. Source: transformers' {@code modeling_phi3.py}.
 */
public final class Phi3 {
  private Phi3() {}

  /** One layer. */
  private record Layer(Norm attentionNorm, Attention attention, Norm mlpNorm, Mlp mlp)
      implements Block {
    @Override
    public <V> V of(V stream, int layer, Flow<V> flow) {
      V normal = flow.norm(attentionNorm, stream);
      V attended = flow.add(stream, attention.of(normal, layer, flow));
      return flow.add(attended, mlp.of(flow.norm(mlpNorm, attended), flow));
    }
  }

  /** The network of a checkpoint's weights. */
  public static Network network(PhiModel model) {
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
    return new Norm(model.weight(role, layer), model.config().rmsEpsilon());
  }

  private static Linear linear(PhiModel model, Role role, int layer) {
    return new Linear(model.weight(role, layer));
  }
}
