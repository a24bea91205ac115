package phiquant.engine.onnx.writer;

import phiquant.checkpoint.StoredTensor;
import phiquant.model.Weight;

/**
 * SwiGLU (Shazeer 2020, arXiv:2002.05202): {@code silu(gate(x)) · up(x)}. The checkpoint stacks
 * gate and up; here they are two matrices, which is what the engines' fusions look for.
 */
record FeedForward(Graph graph, MatMuls matMuls) {
  /**
   * Both products and what is made of them, which the down projection takes.
   *
   * @param gateUp gate's rows, then as many of up
   */
  Value gate(Value x, Weight gateUp) {
    String path = OperatorNames.mlp(gateUp.layer());
    StoredTensor rows = gateUp.tensor();
    long width = rows.rows() / 2;
    Value gate = matMuls.of(path + "/gate_proj/MatMul", x, new RowRange(rows, 0, width));
    Value up = matMuls.of(path + "/up_proj/MatMul", x, new RowRange(rows, width, width));
    Value open =
        graph.op("Sigmoid", path + "/act_fn/Sigmoid").in(gate).out(gate.type(), gate.shape());
    Value silu =
        graph.op("Mul", path + "/act_fn/Mul").in(gate, open).out(gate.type(), gate.shape());
    return graph.op("Mul", path + "/Mul").in(silu, up).out(gate.type(), gate.shape());
  }
}
