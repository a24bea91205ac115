package phiquant.engine.openvino.writer;

import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;

/**
 * Root mean square normalization, {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019,
 * arXiv:1910.07467), written in the steps that OpenVINO's RMSFusion recognizes.
 */
record RmsNorm(Ir graph, Ops ops, double epsilon) {
  /**
   * Normalizes the last axis.
   *
   * @param x shape [batch, sequence, hidden]
   * @param weight shape [1, 1, hidden]
   */
  Out of(Out x, Out weight) {
    Out square = ops.power(x, graph.f32("1, 1, 1", 2f));
    Out mean =
        graph.op(
            "ReduceMean", "opset1", Map.of("keep_dims", "true"), Type.F32, square, graph.i64s(-1));
    Out root = ops.unary("Sqrt", "opset1", ops.add(mean, graph.f32("1, 1, 1", (float) epsilon)));
    Out normal = ops.multiply(x, ops.divide(graph.f32("1, 1, 1", 1f), root));
    return ops.multiply(weight, normal);
  }
}
