package phiquant.engine.openvino.writer;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.Attention;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Weight;

/**
 * A network's verbs as a stateful OpenVINO graph, in the steps that the engine's fusions recognize.
 * Inputs: input_ids, attention_mask and position_ids, each [batch, sequence] (the mask: [batch,
 * past and new tokens]), and beam_idx, [batch], the order of the cache's rows. Output: logits,
 * [batch, sequence, vocabulary]. Inputs, states and their names are those that optimum-intel
 * exports.
 */
final class IrFlow implements Flow<Out> {
  private final Ir graph = new Ir();
  private final Ops ops = new Ops(graph);
  private final WeightConstants constants = new WeightConstants(graph);
  private final PhiConfig config;
  private final Function<Weight, Precision> precision;
  private Weight table;
  private Out embedding;
  private StatefulAttention attention;

  private IrFlow(PhiConfig config, Function<Weight, Precision> precision) {
    this.config = config;
    this.precision = precision;
  }

  /** The network's graph, with each weight in its precision. */
  static IrFlow of(Network network, PhiConfig config, Function<Weight, Precision> precision) {
    IrFlow flow = new IrFlow(config, precision);
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
  public Out embed(Weight table) {
    Out tokens = graph.parameter("input_ids", Type.I64, "?,?");
    Out mask = graph.parameter("attention_mask", Type.I64, "?,?");
    Out positions = graph.parameter("position_ids", Type.I64, "?,?");
    Out beams = graph.parameter("beam_idx", Type.I32, "?");

    this.table = table;
    embedding = matrix(table);
    Out x = ops.gather(embedding, ops.convert(tokens, Type.I32), graph.i32(0));
    Out batch = ops.gather(ops.shapeOf(tokens), graph.i64s(0), graph.i64(0));
    Rotary rotary = new Rotary(graph, ops, config, positions);
    attention = new StatefulAttention(graph, ops, config, rotary, batch, beams, x, mask);
    return x;
  }

  @Override
  public Out norm(Norm norm, Out x) {
    // Readers know a norm's weight by the module in the name of the operator that uses it.
    graph.scope(norm.weight().name().replaceFirst("\\.weight$", "/"));
    Out weight = constants.vector(norm.weight());
    return new RmsNorm(graph, ops, norm.epsilon()).of(x, weight);
  }

  @Override
  public Out linear(Linear linear, Out x) {
    return ops.matMul(x, matrix(linear.weight()), true);
  }

  @Override
  public Out attend(Attention attention, Out qkv, int layer) {
    return this.attention.of(layer, qkv);
  }

  @Override
  public Out gate(Mlp mlp, Out gateUp) {
    long width = mlp.gateUp().weight().tensor().rows() / 2;
    List<Out> parts =
        graph.split(
            "VariadicSplit",
            "opset1",
            Map.of(),
            2,
            gateUp,
            graph.i64(-1),
            graph.i64s(width, width));
    return ops.multiply(parts.get(1), ops.unary("Swish", "opset4", parts.get(0)));
  }

  @Override
  public Out add(Out stream, Out branch) {
    return ops.add(stream, branch);
  }

  @Override
  public Out head(Linear head, Out x) {
    Out weight = head.weight() == table ? embedding : matrix(head.weight());
    graph.scope("head/");
    Out logits = ops.namedMatMul("logits", x, weight);
    graph.sink("Result", "opset1", Map.of(), false, logits);
    return logits;
  }

  private Out matrix(Weight weight) {
    return constants.matrix(weight, precision.apply(weight));
  }
}
