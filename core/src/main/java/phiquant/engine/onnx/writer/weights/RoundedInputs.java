package phiquant.engine.onnx.writer.weights;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.study.ActivationRange;

/**
 * Rounds the inputs of matrix products to a grid that a calibration text has fixed: {@code
 * QuantizeLinear} and back, which engines with integer units take together with the product. 8 bits
 * where the grid is fine enough for the layer's numbers, 16 where it is not: a few large values
 * stretch it for all, most of all in front of down projections.
 */
public final class RoundedInputs implements Inputs {
  /**
   * Noise, relative to the signal's power, above which 8 bits are too few: 27 dB. What it costs is
   * measured in bench/RESULTS.md.
   */
  private static final double TOLERATED_NOISE = 0.002;

  private final Graph graph;
  private final Map<String, ActivationRange> ranges;
  private final OptionalInt bits;
  private final Map<String, Value> rounded = new HashMap<>();
  private int wide;

  /**
   * Over the ranges of a calibration.
   *
   * @param ranges by the name of the weight that follows
   * @param bits for all; if absent, 8 or 16 as the ranges demand
   */
  public RoundedInputs(Graph graph, Map<String, ActivationRange> ranges, OptionalInt bits) {
    this.graph = graph;
    this.ranges = ranges;
    this.bits = bits;
  }

  @Override
  public Value of(Value x, StoredTensor weight) {
    return rounded.computeIfAbsent(x.name(), name -> round(x, ranges.get(weight.name())));
  }

  /** How it went, for people. */
  public String summary() {
    return "%d of %d inputs of matrices are rounded to 16 bits, the others to 8."
        .formatted(wide, rounded.size());
  }

  private Value round(Value x, ActivationRange range) {
    int width = bits.orElse(range.noise(8) > TOLERATED_NOISE ? 16 : 8);
    wide += width == 16 ? 1 : 0;
    ElementType type = width == 8 ? ElementType.UINT8 : ElementType.UINT16;
    Value step = graph.scalar(x.name() + "_scale", range.step(width));
    Value zero = graph.scalar(x.name() + "_zero_point", type, range.zeroPoint(width));
    Value codes =
        graph
            .op("QuantizeLinear", x.name() + "_QuantizeLinear")
            .in(x, step, zero)
            .out(type, x.shape());
    return graph
        .op("DequantizeLinear", x.name() + "_DequantizeLinear")
        .in(codes, step, zero)
        .out(x.type(), x.shape());
  }
}
