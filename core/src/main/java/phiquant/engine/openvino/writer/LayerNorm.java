package phiquant.engine.openvino.writer;

import java.util.LinkedHashMap;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;

/**
 * Layer normalization, {@code w · (x - mean(x)) / sqrt(var(x) + ε) + b} (Ba et al. 2016,
 * arXiv:1607.06450): OpenVINO's MVN, and the product and sum that it fuses into it.
 */
record LayerNorm(Ir graph, Ops ops, double epsilon) {
  /**
   * Normalizes the last axis.
   *
   * @param x shape [batch, sequence, hidden]
   * @param weight shape [1, 1, hidden]
   * @param bias the same shape
   */
  Out of(Out x, Out weight, Out bias) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("eps", Double.toString((float) epsilon));
    attributes.put("normalize_variance", "true");
    attributes.put("eps_mode", "INSIDE_SQRT");
    Out normal = graph.op("MVN", "opset6", attributes, x.type(), x, graph.i64s(-1));
    return ops.add(ops.multiply(normal, weight), bias);
  }
}
