package phiquant.target.onnx;

import phiquant.checkpoint.StoredTensor;

/**
 * SwiGLU (Shazeer 2020, arXiv:2002.05202): {@code down(silu(gate(x)) · up(x))}. The checkpoint
 * stacks gate and up; here they are two matrices, which is what the engines' fusions look for.
 */
record FeedForward(Graph graph, MatMuls matMuls) {
  /**
   * One layer.
   *
   * @param gateUp gate's rows, then as many of up
   */
  Value of(int layer, Value x, StoredTensor gateUp, StoredTensor down) {
    String path = "/model/layers." + layer + "/mlp";
    long width = gateUp.rows() / 2;
    Value gate = matMuls.of(path + "/gate_proj/MatMul", x, new RowRange(gateUp, 0, width));
    Value up = matMuls.of(path + "/up_proj/MatMul", x, new RowRange(gateUp, width, width));
    Value open =
        graph.op("Sigmoid", path + "/act_fn/Sigmoid").in(gate).out(gate.type(), gate.shape());
    Value silu =
        graph.op("Mul", path + "/act_fn/Mul").in(gate, open).out(gate.type(), gate.shape());
    Value product = graph.op("Mul", path + "/Mul").in(silu, up).out(gate.type(), gate.shape());
    return matMuls.of(path + "/down_proj/MatMul", product, down);
  }
}
