package phiquant.engine.openvino.writer;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;

/**
 * How fast each rotated pair turns. With longrope (Ding et al. 2024, arXiv:2402.13753) the graph
 * chooses between two lists, by whether the longest position exceeds the original context.
 */
record LongRopeFrequencies(Ir graph, Ops ops, PhiConfig config) {
  /**
   * The list, or the choice between two.
   *
   * @param positions shape [batch, sequence], i64
   * @return shape [1, pairs, 1]
   */
  Out of(Out positions) {
    int pairs = config.rotarySize() / 2;
    String shape = "1, " + pairs + ", 1";
    if (config.longRope().isEmpty()) {
      return graph.f32(shape, inverse(Collections.nCopies(pairs, 1.0)));
    }
    LongRope rope = config.longRope().get();
    Out last =
        graph.op(
            "ReduceMax",
            "opset1",
            Map.of("keep_dims", "false"),
            Type.I64,
            positions,
            graph.i64s(0, 1));
    Out beyond =
        ops.compare(
            "Greater", ops.add(last, graph.i64(1)), graph.i64(config.originalContextLength()));
    return ops.select(
        beyond,
        graph.f32(shape, inverse(rope.longFactors())),
        graph.f32(shape, inverse(rope.shortFactors())));
  }

  /** 1 / (factor · theta^(2i / size)) in float32, as transformers computes it. */
  private float[] inverse(List<Double> factors) {
    float[] inverse = new float[factors.size()];
    for (int i = 0; i < inverse.length; i++) {
      float exponent = (float) (2 * i) / config.rotarySize();
      float power = (float) Math.pow(config.ropeTheta(), exponent);
      inverse[i] = 1f / (factors.get(i).floatValue() * power);
    }
    return inverse;
  }
}
