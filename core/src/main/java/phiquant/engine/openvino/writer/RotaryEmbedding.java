package phiquant.engine.openvino.writer;

import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with its two Phi extensions: partial
 * rotation, where only the first dimensions of a head turn, and longrope, which {@code
 * LongRopeFrequencies} has.
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
    Out frequencies = new LongRopeFrequencies(graph, ops, config).of(positions);
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

  private Out scale(Out x, double factor) {
    return factor == 1 ? x : ops.multiply(x, graph.f32("1, 1, 1", (float) factor));
  }
}
