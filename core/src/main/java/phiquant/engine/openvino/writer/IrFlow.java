package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.engine.openvino.IrNames;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.model.Activation;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Norm;
import phiquant.model.Weight;

/**
 * A network's verbs as operators of an OpenVINO graph, in the steps that the engine's fusions
 * recognize. What goes in, what comes out and who sees whom is different for texts, which {@code
 * TextFlow} has, and for pictures, which {@code SightFlow} has; the other verbs are here.
 */
abstract sealed class IrFlow implements Flow<IrFlow.Features> permits TextFlow, SightFlow {
  private final Ir graph = new Ir();
  private final Ops ops = new Ops(graph);
  private final WeightConstants constants;
  private final Function<Weight, WeightPrecision> precision;

  /**
   * A tensor; or several, the rows of matrices that a checkpoint keeps apart, which the engine
   * multiplies with one by one.
   */
  record Features(List<Out> parts) {
    Features(Out whole) {
      this(List.of(whole));
    }

    Out whole() {
      if (parts.size() > 1) {
        throw new IllegalStateException("only attention takes products apart");
      }
      return parts.getFirst();
    }
  }

  /**
   * An empty graph.
   *
   * @param weights how each weight is stored, and where
   */
  IrFlow(WeightStorage weights) {
    this.constants = new WeightConstants(graph, weights);
    this.precision = weights.precision();
  }

  Ir graph() {
    return graph;
  }

  Ops ops() {
    return ops;
  }

  WeightConstants constants() {
    return constants;
  }

  @Override
  public Features norm(Norm norm, Features x) {
    graph.scope(IrNames.scope(norm.weight()));
    Out weight = constants.vector(norm.weight());
    return new Features(
        switch (norm.kind()) {
          case ROOT_MEAN_SQUARE -> new RmsNorm(graph, ops, norm.epsilon()).of(x.whole(), weight);
          case LAYER ->
              new LayerNorm(graph, ops, norm.epsilon())
                  .of(x.whole(), weight, constants.vector(norm.bias().orElseThrow()));
        });
  }

  @Override
  public Features linear(Linear linear, Features x) {
    List<Out> parts = new ArrayList<>();
    for (int i = 0; i < linear.weights().size(); i++) {
      Out product = ops.matMul(x.whole(), matrix(linear.weights().get(i)), true);
      parts.add(
          linear.biases().isEmpty()
              ? product
              : ops.add(product, constants.bias(linear.biases().get(i))));
    }
    return new Features(List.copyOf(parts));
  }

  @Override
  public Features activate(Activation activation, Features x) {
    return new Features(
        switch (activation) {
          case GELU -> gelu("ERF", x.whole());
          case GELU_TANH -> gelu("TANH", x.whole());
          case GELU_SIGMOID ->
              graph.op(
                  "Swish", "opset4", Map.of(), x.whole().type(), x.whole(), graph.f32("", 1.702f));
        });
  }

  private Out gelu(String mode, Out x) {
    return graph.op("Gelu", "opset7", Map.of("approximation_mode", mode), x.type(), x);
  }

  @Override
  public Features add(Features stream, Features branch) {
    return new Features(ops.add(stream.whole(), branch.whole()));
  }

  /** A matrix in its precision, as f32. */
  final Out matrix(Weight weight) {
    return matrix(weight, weight);
  }

  /** A matrix in another's precision: its own, under another name. */
  final Out matrix(Weight weight, Weight chosen) {
    return constants.matrix(weight, precision.apply(chosen));
  }
}
