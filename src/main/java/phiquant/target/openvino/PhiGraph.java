package phiquant.target.openvino;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.target.openvino.ir.Ir;
import phiquant.target.openvino.ir.Ir.Out;
import phiquant.target.openvino.ir.Type;

/**
 * Phi-3 as a stateful OpenVINO graph. Inputs: input_ids, attention_mask and position_ids, each
 * [batch, sequence] (the mask: [batch, past and new tokens]), and beam_idx, [batch], the order of
 * the cache's rows. Output: logits, [batch, sequence, vocabulary]. Source: transformers' {@code
 * modeling_phi3.py}; inputs, states and their names are those that optimum-intel exports.
 */
final class PhiGraph {
  private final Ir graph = new Ir();
  private final Ops ops = new Ops(graph);
  private final WeightConstants constants = new WeightConstants(graph);
  private final PhiModel model;
  private final Function<Weight, Precision> precision;

  /** The model's graph, with each weight in its precision. */
  PhiGraph(PhiModel model, Function<Weight, Precision> precision) {
    this.model = model;
    this.precision = precision;
    build();
  }

  Ir graph() {
    return graph;
  }

  WeightConstants constants() {
    return constants;
  }

  private void build() {
    PhiConfig config = model.config();
    Out tokens = graph.parameter("input_ids", Type.I64, "?,?");
    Out mask = graph.parameter("attention_mask", Type.I64, "?,?");
    Out positions = graph.parameter("position_ids", Type.I64, "?,?");
    Out beams = graph.parameter("beam_idx", Type.I32, "?");

    Out embedding = matrix(Role.EMBEDDING, -1);
    Out x = ops.gather(embedding, ops.convert(tokens, Type.I32), graph.i32(0));
    Out batch = ops.gather(ops.shapeOf(tokens), graph.i64s(0), graph.i64(0));
    Rotary rotary = new Rotary(graph, ops, config, positions);
    Attention attention = new Attention(graph, ops, config, rotary, batch, beams, x, mask);
    RmsNorm norm = new RmsNorm(graph, ops, config.rmsEpsilon());
    for (int layer = 0; layer < config.layers(); layer++) {
      Out in = norm.of(x, vector(Role.ATTENTION_NORM, layer));
      Out attended = attention.of(layer, linear(in, Role.QKV, layer));
      x = ops.add(x, linear(attended, Role.ATTENTION_OUTPUT, layer));
      x = ops.add(x, feedForward(norm.of(x, vector(Role.FEED_FORWARD_NORM, layer)), layer));
    }
    Out last = norm.of(x, vector(Role.OUTPUT_NORM, -1));
    Out head = config.tiedHead() ? embedding : matrix(Role.HEAD, -1);
    graph.scope("head/");
    graph.sink("Result", "opset1", Map.of(), false, ops.namedMatMul("logits", last, head));
  }

  /** SwiGLU (Shazeer 2020, arXiv:2002.05202): {@code down(silu(gate(x)) · up(x))}. */
  private Out feedForward(Out x, int layer) {
    Out gateUp = linear(x, Role.GATE_UP, layer);
    int width = model.config().feedForward();
    List<Out> parts =
        graph.split(
            "VariadicSplit",
            "opset1",
            Map.of(),
            2,
            gateUp,
            graph.i64(-1),
            graph.i64s(width, width));
    Out gate = ops.unary("Swish", "opset4", parts.get(0));
    return linear(ops.multiply(parts.get(1), gate), Role.DOWN, layer);
  }

  private Out linear(Out x, Role role, int layer) {
    return ops.matMul(x, matrix(role, layer), true);
  }

  private Out matrix(Role role, int layer) {
    Weight weight = model.weight(role, layer);
    return constants.matrix(weight, precision.apply(weight));
  }

  private Out vector(Role role, int layer) {
    Weight weight = model.weight(role, layer);
    // Readers know a norm's weight by the module in the name of the operator that uses it.
    graph.scope(weight.name().replaceFirst("\\.weight$", "/"));
    return constants.vector(weight);
  }
}
