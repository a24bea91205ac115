package phiquant.engine.onnx.writer.npu;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;
import phiquant.model.ValueNames;
import phiquant.quant.FloatType;
import phiquant.study.ActivationRange;

/**
 * How values are held between a graph's operators: as floats of 16 bits, or as codes on grids that
 * a text has fixed. With codes every operator stands between {@code DequantizeLinear} and {@code
 * QuantizeLinear}, which a compiler for integers takes together with it; what goes from graph to
 * graph is codes.
 */
final class Held {
  private static final ElementType HALF = ElementType.FLOAT16;

  /** How far below the lowest score a hidden one lies: e to that is nothing. */
  private static final float FAR = 20;

  private final Map<String, ActivationRange> ranges;
  private final int cacheBits;
  private final float hidden;

  /** Those of values that were rounded. */
  private final Map<String, Grid> grids = new HashMap<>();

  private Held(Map<String, ActivationRange> ranges, int cacheBits, float hidden) {
    this.ranges = ranges;
    this.cacheBits = cacheBits;
    this.hidden = hidden;
  }

  /** Floats; −10000 hides a score from whatever else is there. */
  static Held asFloats() {
    return new Held(null, 0, -10_000);
  }

  /** Codes, by the ranges of all values. */
  static Held asCodes(Map<String, ActivationRange> ranges, int cacheBits, PhiConfig config) {
    float widest = 0;
    for (int layer = 0; layer < config.layers(); layer++) {
      widest = Math.max(widest, ranges.get(ValueNames.scores(layer)).max());
    }
    return new Held(ranges, cacheBits, -2 * Grid.MARGIN * widest - FAR);
  }

  boolean isCodes() {
    return ranges != null;
  }

  /** What is added to the scores of what is not seen. */
  float hidden() {
    return hidden;
  }

  /** What operators compute with. */
  ElementType type() {
    return isCodes() ? ElementType.FLOAT : HALF;
  }

  FloatType floats() {
    return isCodes() ? FloatType.FLOAT32 : FloatType.FLOAT16;
  }

  /** What the cache holds. */
  ElementType cache() {
    return isCodes() ? keys(0).type() : HALF;
  }

  /** What goes from graph to graph, but for the cache. */
  ElementType between() {
    return isCodes() ? ElementType.UINT16 : HALF;
  }

  Grid grid(String name) {
    return Grid.of(range(name));
  }

  ActivationRange range(String name) {
    ActivationRange range = ranges.get(name);
    if (range == null) {
      throw new IllegalArgumentException("nothing was measured of '" + name + "'");
    }
    return range;
  }

  Grid keys(int layer) {
    return Grid.ofCache(range(ValueNames.keys(layer)), cacheBits);
  }

  Grid values(int layer) {
    return Grid.ofCache(range(ValueNames.values(layer)), cacheBits);
  }

  /** Scores, of which some are hidden. */
  Grid seen(int layer) {
    float most = Grid.MARGIN * range(ValueNames.scores(layer)).max();
    return Grid.between(hidden - most, most);
  }

  Grid mask() {
    return Grid.between(hidden, 0);
  }

  /** Cosines and sines, times what longrope makes them longer by. */
  Grid turns(PhiConfig config) {
    float most = (float) config.longRope().map(LongRope::attentionFactor).orElse(1.0).doubleValue();
    return Grid.between(-most, most);
  }

  /** A value on the grid of its name; floats stay as they are. */
  Value round(Graph graph, Value x, String name) {
    return isCodes() ? round(graph, x, grid(name)) : x;
  }

  /** On a grid. */
  Value round(Graph graph, Value x, Grid grid) {
    return round(graph, x, grid, x.name() + "_quantized");
  }

  /** The same, with a name for the codes. */
  Value round(Graph graph, Value x, Grid grid, String named) {
    return round(graph, x, grid, named, named + "_dequantized");
  }

  /** The same, with a name for the value too. */
  Value round(Graph graph, Value x, Grid grid, String named, String result) {
    Value made = quantize(graph, x, grid, named);
    Value back = dequantize(graph, made, grid, x.type(), result);
    grids.put(back.name(), grid);
    return back;
  }

  /** The grid that a value is on. */
  Grid codesGrid(Value x) {
    return grids.get(x.name());
  }

  /** On a grid; its codes are an output of the graph. */
  Value given(Graph graph, Value x, Grid grid, String name) {
    return dequantize(graph, graph.output(quantize(graph, x, grid, name)), grid, x.type());
  }

  /** An input of the graph: floats, or codes on a grid. */
  Value input(Graph graph, String name, List<String> shape, Grid grid) {
    if (!isCodes()) {
      return graph.input(name, HALF, shape);
    }
    Value given = graph.input(name, grid.type(), shape);
    return dequantize(graph, given, grid, ElementType.FLOAT);
  }

  /** Gives a value, or its codes, from the graph under a name. */
  void output(Graph graph, Value x, String name) {
    if (isCodes()) {
      graph.output(quantize(graph, x, codesGrid(x), name));
    } else {
      graph.output(
          graph.op("Identity", "/model/" + name + "/Identity").in(x).out(name, HALF, x.shape()));
    }
  }

  /** Codes of a value. */
  static Value quantize(Graph graph, Value x, Grid grid, String named) {
    return graph
        .op("QuantizeLinear", named + "/QuantizeLinear")
        .in(x, step(graph, named, grid), zero(graph, named, grid))
        .out(named, grid.type(), x.shape());
  }

  private static Value dequantize(Graph graph, Value codes, Grid grid, ElementType type) {
    return dequantize(graph, codes, grid, type, codes.name() + "_dequantized");
  }

  private static Value dequantize(
      Graph graph, Value codes, Grid grid, ElementType type, String name) {
    return graph
        .op("DequantizeLinear", name + "/DequantizeLinear")
        .in(codes, step(graph, name, grid), zero(graph, name, grid))
        .out(name, type, codes.shape());
  }

  private static Value step(Graph graph, String name, Grid grid) {
    return graph.scalar(name + "_scale", grid.step());
  }

  private static Value zero(Graph graph, String name, Grid grid) {
    return graph.scalar(name + "_zero_point", grid.type(), grid.zero());
  }
}
