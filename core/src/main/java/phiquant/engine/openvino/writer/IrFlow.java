package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.checkpoint.Piled;
import phiquant.engine.openvino.IrNames;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Weight;
import phiquant.study.InputSquares;

/**
 * A network's verbs as a stateful OpenVINO graph, in the steps that the engine's fusions recognize.
 * Inputs: input_ids, attention_mask and position_ids, each [batch, sequence] (the mask: [batch,
 * past and new tokens]), and beam_idx, [batch], the order of the cache's rows. Output: logits,
 * [batch, sequence, vocabulary]. Inputs, states and their names are those that optimum-intel
 * exports.
 */
final class IrFlow implements Flow<IrFlow.Features> {
  private final Ir graph = new Ir();
  private final Ops ops = new Ops(graph);
  private final WeightConstants constants;
  private final PhiConfig config;
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

  private Weight table;
  private Out embedding;
  private StatefulAttention attention;

  private IrFlow(
      PhiConfig config, Function<Weight, WeightPrecision> precision, InputSquares.Found squares) {
    this.constants = new WeightConstants(graph, squares);
    this.config = config;
    this.precision = precision;
  }

  /** The network's graph, with each weight in its precision. */
  static IrFlow of(
      Network network,
      PhiConfig config,
      Function<Weight, WeightPrecision> precision,
      InputSquares.Found squares) {
    IrFlow flow = new IrFlow(config, precision, squares);
    network.logits(network.stream(flow), flow);
    return flow;
  }

  Ir graph() {
    return graph;
  }

  WeightConstants constants() {
    return constants;
  }

  /** Declares the inputs, too. */
  @Override
  public Features embed(Weight table) {
    Out tokens = graph.parameter("input_ids", Type.I64, "?,?");
    Out mask = graph.parameter("attention_mask", Type.I64, "?,?");
    Out positions = graph.parameter("position_ids", Type.I64, "?,?");
    Out beams = graph.parameter("beam_idx", Type.I32, "?");

    this.table = table;
    embedding = matrix(table);
    Out x = ops.gather(embedding, ops.convert(tokens, Type.I32), graph.i32(0));
    Out batch = ops.gather(ops.shapeOf(tokens), graph.i64s(0), graph.i64(0));
    RotaryEmbedding rotary = new RotaryEmbedding(graph, ops, config, positions);
    attention = new StatefulAttention(graph, ops, config, rotary, batch, beams, x, mask);
    return new Features(x);
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
  public Features attend(Attention attention, Features qkv, int layer) {
    return new Features(this.attention.of(layer, qkv.parts()));
  }

  @Override
  public Features gate(Mlp mlp, Features gateUp) {
    long width = mlp.gateUp().matrix().rows() / 2;
    List<Out> parts =
        graph.split(
            "VariadicSplit",
            "opset1",
            Map.of(),
            2,
            gateUp.whole(),
            graph.i64(-1),
            graph.i64s(width, width));
    return new Features(ops.multiply(parts.get(1), ops.unary("Swish", "opset4", parts.get(0))));
  }

  @Override
  public Features experts(Experts experts, Features x, Features scores) {
    Mixture mixture = new Mixture(graph, ops, config.hidden(), experts.all().size());
    Out gates = piled(experts.gates());
    Out ups = piled(experts.ups());
    Out downs = piled(experts.downs());
    graph.scope("model.layers." + experts.router().layer() + ".block_sparse_moe/");
    Out weights = mixture.weights(experts.mixer(), scores.whole());
    return new Features(mixture.of(x.whole(), gates, ups, downs, weights));
  }

  @Override
  public Features activate(Activation activation, Features x) {
    return new Features(
        switch (activation) {
          case GELU_TANH ->
              graph.op(
                  "Gelu",
                  "opset7",
                  Map.of("approximation_mode", "TANH"),
                  x.whole().type(),
                  x.whole());
          case GELU, GELU_SIGMOID ->
              throw new IllegalArgumentException(activation + ", which only pictures need");
        });
  }

  @Override
  public Features add(Features stream, Features branch) {
    return new Features(ops.add(stream.whole(), branch.whole()));
  }

  @Override
  public Features head(Linear head, Features x) {
    Weight weight = head.weights().getFirst();
    Out matrix = weight == table ? embedding : matrix(weight);
    graph.scope("head/");
    Out logits;
    if (head.biases().isEmpty()) {
      logits = ops.namedMatMul("logits", x.whole(), matrix);
    } else {
      Out bias = constants.bias(head.biases().getFirst());
      logits = ops.namedAdd("logits", ops.matMul(x.whole(), matrix, true), bias);
    }
    graph.sink("Result", "opset1", Map.of(), false, logits);
    return new Features(logits);
  }

  private Out piled(Weight experts) {
    Piled tensor = (Piled) experts.tensor();
    Piled named = new Piled(IrNames.piled(tensor.name()), tensor.parts());
    return constants.matrix(
        new Weight(experts.role(), experts.layer(), named), precision.apply(experts));
  }

  private Out matrix(Weight weight) {
    return constants.matrix(weight, precision.apply(weight));
  }
}
