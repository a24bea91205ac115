package phiquant.engine.onnx.writer;

import phiquant.checkpoint.StoredTensor;
import phiquant.model.Linear;

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
    StoredTensor rows = gateUp.matrix();
    long width = rows.rows() / 2;
    Value gate = matMuls.of(path + "/gate_proj/MatMul", x, new RowRange(rows, 0, width));
    Value up = matMuls.of(path + "/up_proj/MatMul", x, new RowRange(rows, width, width));
    Value open =
        graph.op("Sigmoid", path + "/act_fn/Sigmoid").in(gate).out(gate.type(), gate.shape());
    Value silu =
        graph.op("Mul", path + "/act_fn/Mul").in(gate, open).out(gate.type(), gate.shape());
    return graph.op("Mul", path + "/Mul").in(silu, up).out(gate.type(), gate.shape());
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
