package phiquant.engine.onnx.writer.network;

import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Gate;
import phiquant.model.Linear;
import phiquant.model.Place;
import phiquant.model.Role;

/**
 * What lies between the products of a feed-forward part. SwiGLU (Shazeer 2020, arXiv:2002.05202) is
 * {@code silu(gate(x)) · up(x)}: the checkpoint stacks gate and up; here they are two matrices,
 * which is what the engines' fusions look for.
 */
record FeedForward(Graph graph, MatMuls matMuls) {
  /**
   * Both products and what is made of them, which the down projection takes.
   *
   * @param gateUp gate's rows, then as many of up
   */
  Value gate(Value x, Linear gateUp) {
    String path = OperatorNames.mlp(gateUp.layer());
    long width = gateUp.matrix().rows() / 2;
    Value gate = product(Role.GATE, gateUp, 0, width, x);
    Value up = product(Role.UP, gateUp, width, width, x);
    Value open =
        graph.op("Sigmoid", path + "/act_fn/Sigmoid").in(gate).out(gate.type(), gate.shape());
    Value silu =
        graph.op("Mul", path + "/act_fn/Mul").in(gate, open).out(gate.type(), gate.shape());
    return graph.op("Mul", path + "/Mul").in(silu, up).out(gate.type(), gate.shape());
  }

  private Value product(Role role, Linear whole, long first, long rows, Value x) {
    StoredTensor matrix = whole.matrix();
    StoredTensor some = new RowSlice(matrix.name(), matrix, first, rows);
    return matMuls.of(new Place(role, whole.layer()), x, some);
  }

  /**
   * What {@link Gate.GeGelu} makes of neighbouring features.
   *
   * @param both shape [batch, sequence, 2 · features]
   */
  Value gate(Value both, int layer, float limit) {
    String path = OperatorNames.mlp(layer);
    Value a = each(path + "/gelu/Slice", both, 0);
    Value b = each(path + "/linear/Slice", both, 1);
    Value most = graph.number(path + "/most", both.type(), limit);
    Value least = graph.number(path + "/least", both.type(), -limit);
    Value one = graph.number(path + "/one", both.type(), 1);
    Value below = graph.op("Clip", path + "/gelu/Clip").in(a, null, most).out(a.type(), a.shape());
    Value gelu =
        graph
            .op(Graph.MICROSOFT, "QuickGelu", path + "/act_fn/QuickGelu")
            .in(below)
            .with("alpha", 1.702f)
            .out(a.type(), a.shape());
    Value within =
        graph.op("Clip", path + "/linear/Clip").in(b, least, most).out(b.type(), b.shape());
    Value more = graph.op("Add", path + "/linear/Add").in(within, one).out(b.type(), b.shape());
    return graph.op("Mul", path + "/Mul").in(gelu, more).out(a.type(), a.shape());
  }

  /** Every second feature. */
  private Value each(String name, Value both, int first) {
    long width = Long.parseLong(both.shape().getLast()) / 2;
    return graph
        .op("Slice", name)
        .in(both, graph.i64s(first), graph.i64s(2 * width), graph.i64s(-1), graph.i64s(2))
        .out(both.type(), Value.dims("batch_size", "sequence_length", width));
  }

  /** GELU by its approximation with tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
  Value gelu(Value x, int layer) {
    return graph
        .op("Gelu", OperatorNames.mlp(layer) + "/act_fn/FastGelu")
        .in(x)
        .with("approximate", "tanh")
        .out(x.type(), x.shape());
  }
}
