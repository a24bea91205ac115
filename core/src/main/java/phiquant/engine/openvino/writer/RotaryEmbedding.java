package phiquant.engine.openvino.writer;

import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with its two Phi extensions: partial
 * rotation, where only the first dimensions of a head turn, and longrope, where the frequencies
 * depend on whether the longest position exceeds the original context.
 */
final class RotaryEmbedding {
  private final Ir graph;
  private final Ops ops;
  private final PhiConfig config;
  private final Out cos;
  private final Out sin;

  /**
   * Computes cosines and sines once for all layers.
   *
   * @param positions shape [batch, sequence], i64
   */
  RotaryEmbedding(Ir graph, Ops ops, PhiConfig config, Out positions) {
    this.graph = graph;
    this.ops = ops;
    this.config = config;
    graph.scope("rotary/");
    int pairs = config.rotarySize() / 2;
    Out frequencies = frequencies(positions, pairs);
    Out steps = ops.convert(ops.unsqueeze(positions, 1), Type.F32);
    Out angles = ops.transpose(ops.matMul(frequencies, steps, false), 0, 2, 1);
    Out both = ops.concat(-1, angles, angles);
    double factor = config.longRope().map(LongRope::attentionFactor).orElse(1.0);
    cos = ops.unsqueeze(scale(ops.unary("Cos", "opset1", both), factor), 1);
    sin = ops.unsqueeze(scale(ops.unary("Sin", "opset1", both), factor), 1);
  }

  /** Turns queries or keys of shape [batch, heads, sequence, head size]. */
  Out rotate(Out x) {
    int size = config.rotarySize();
    Out turned = ops.slice(x, 0, size, 3);
    Out second = ops.slice(turned, size / 2, Long.MAX_VALUE, 3);
    Out first = ops.slice(turned, 0, size / 2, 3);
    Out half = ops.concat(-1, ops.multiply(second, graph.f32("1, 1, 1, 1", -1f)), first);
    Out rotated = ops.add(ops.multiply(turned, cos), ops.multiply(half, sin));
    return size == config.headSize()
        ? rotated
        : ops.concat(-1, rotated, ops.slice(x, size, config.headSize(), 3));
  }

  private Out frequencies(Out positions, int pairs) {
    String shape = "1, " + pairs + ", 1";
    if (config.longRope().isEmpty()) {
      return graph.f32(shape, inverse(null, pairs));
    }
    LongRope rope = config.longRope().get();
    Out last =
        graph.op(
            "ReduceMax",
            "opset1",
            java.util.Map.of("keep_dims", "false"),
            Type.I64,
            positions,
            graph.i64s(0, 1));
    Out beyond =
        ops.compare(
            "Greater", ops.add(last, graph.i64(1)), graph.i64(config.originalContextLength()));
    return ops.select(
        beyond,
        graph.f32(shape, inverse(rope.longFactors(), pairs)),
        graph.f32(shape, inverse(rope.shortFactors(), pairs)));
  }

  /** 1 / (factor · theta^(2i / size)) in float32, as transformers computes it. */
  private float[] inverse(java.util.List<Double> factors, int pairs) {
    float[] inverse = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      float exponent = (float) (2 * i) / config.rotarySize();
      float power = (float) Math.pow(config.ropeTheta(), exponent);
      float factor = factors == null ? 1f : factors.get(i).floatValue();
      inverse[i] = 1f / (factor * power);
    }
    return inverse;
  }

  private Out scale(Out x, double factor) {
    return factor == 1 ? x : ops.multiply(x, graph.f32("1, 1, 1", (float) factor));
  }
}
