package phiquant.engine.onnx.writer.network;

import java.util.function.Supplier;
import phiquant.engine.onnx.writer.attention.SelfAttention;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Gate;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Norm;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * A network's verbs as ONNX operators. A sum becomes one operator with the norm that takes it; the
 * products of attention and of the feed-forward part become one or more, as the operators after
 * them take them.
 */
final class GraphFlow implements Flow<Term> {
  private final MatMuls matMuls;
  private final Norms norms;
  private final FeedForward feedForward;
  private final ExpertOperator mixture;
  private final int layers;
  private final Ends ends;
  private final Supplier<SelfAttention> attentions;
  private SelfAttention attention;

  /** What a graph begins and ends with, as its options ask for it. */
  interface Ends {
    /** The embedded tokens, shape [batch, sequence, hidden]. */
    Value embed(Weight table);

    /** The name of the last norm's output; the norm's own name is given. */
    String lastNorm(String path);

    /** What comes after the last norm. */
    void head(Value normal);
  }

  /**
   * Before the first verb.
   *
   * @param layers of the network
   * @param attentions makes attention, with the inputs that it declares, once tokens are embedded
   */
  GraphFlow(
      MatMuls matMuls,
      Norms norms,
      FeedForward feedForward,
      ExpertOperator mixture,
      int layers,
      Ends ends,
      Supplier<SelfAttention> attentions) {
    this.matMuls = matMuls;
    this.norms = norms;
    this.feedForward = feedForward;
    this.mixture = mixture;
    this.layers = layers;
    this.ends = ends;
    this.attentions = attentions;
  }

  @Override
  public Term embed(Weight table) {
    Term embedded = new Term.Tensor(ends.embed(table));
    attention = attentions.get();
    return embedded;
  }

  @Override
  public Term norm(Norm norm, Term x) {
    String path = matMuls.operators().norm(norm.weight().place(), layers);
    if (!(x instanceof Term.Sum sum)) {
      return new Term.Tensor(norms.of(path, value(x), norm));
    }
    boolean last = norm.weight().role() == Role.OUTPUT_NORM;
    return new Term.Tensor(
        last ? norms.last(path, sum, norm, ends.lastNorm(path)) : norms.of(path, sum, norm));
  }

  @Override
  public Term linear(Linear linear, Term x) {
    return new Term.Product(linear, value(x));
  }

  @Override
  public Term attend(Attention attention, Term qkv, int layer) {
    Term.Product product = (Term.Product) qkv;
    return new Term.Tensor(this.attention.of(layer, product.x(), attention));
  }

  @Override
  public Term gate(Mlp mlp, Term gateUp) {
    return new Term.Tensor(
        switch (mlp.gate()) {
          case Gate.SwiGlu unused -> {
            Term.Product product = (Term.Product) gateUp;
            yield feedForward.gate(product.x(), product.linear());
          }
          case Gate.GeGelu gate ->
              feedForward.gate(value(gateUp), mlp.gateUp().layer(), (float) gate.limit());
        });
  }

  @Override
  public Term experts(Experts experts, Term x, Term scores) {
    Term.Product routed = (Term.Product) scores;
    Routing routing = mixture.routing();
    Value weights = routing.weights(routed.linear(), experts.mixer(), routed.x());
    return new Term.Tensor(mixture.of(experts, value(x), weights));
  }

  @Override
  public Term activate(Activation activation, Term x) {
    Value value = value(x);
    int layer = ((Term.Product) x).linear().layer();
    return new Term.Tensor(
        switch (activation) {
          case GELU_TANH -> feedForward.gelu(value, layer);
          case GELU, GELU_SIGMOID ->
              throw new IllegalArgumentException(activation + ", which only pictures need");
        });
  }

  @Override
  public Term add(Term stream, Term branch) {
    int layer = branch instanceof Term.Product product ? product.linear().layer() : -1;
    return new Term.Sum(value(stream), value(branch), layer);
  }

  @Override
  public Term head(Linear head, Term x) {
    ends.head(value(x));
    return x;
  }

  private Value value(Term term) {
    return switch (term) {
      case Term.Tensor tensor -> tensor.value();
      case Term.Sum sum -> sum.value().orElseGet(() -> norms.none(sum));
      case Term.Product product -> {
        Linear linear = product.linear();
        yield matMuls.of(linear.place(), product.x(), linear.matrix(), linear.bias());
      }
    };
  }
}
