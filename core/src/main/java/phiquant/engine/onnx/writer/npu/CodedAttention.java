package phiquant.engine.onnx.writer.npu;

import java.util.ArrayList;
import java.util.List;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;
import phiquant.model.PhiConfig;
import phiquant.model.ValueNames;
import phiquant.study.ActivationRange;

/**
 * {@link StaticAttention} of codes: the same in steps, each of which has a grid, because an {@code
 * Attention} operator hides what is between its inputs and its output. Heads that share keys are
 * taken as more tokens of one head.
 */
final class CodedAttention implements FixedAttention {
  private final Graph graph;
  private final PhiConfig config;
  private final int context;
  private final Held held;
  private final Value cos;
  private final Value sin;
  private final Value mask;

  /** Declares the inputs that all layers share. */
  CodedAttention(Graph graph, PhiConfig config, int context, Held held) {
    this.graph = graph;
    this.config = config;
    this.context = context;
    this.held = held;
    List<String> turns = Value.dims(1, NpuGraphs.TOKENS, config.rotarySize() / 2);
    this.cos = forHeads(held.input(graph, NpuGraphs.COS, turns, held.turns(config)));
    this.sin = forHeads(held.input(graph, NpuGraphs.SIN, turns, held.turns(config)));
    this.mask = held.input(graph, NpuGraphs.MASK, NpuGraphs.mask(), held.mask());
  }

  private Value forHeads(Value x) {
    int half = config.rotarySize() / 2;
    Value all =
        graph
            .op("Reshape", "/model/" + x.name() + "/Reshape")
            .in(x, graph.i64s(1, 1, -1, half))
            .out(x.type(), Value.dims(1, 1, NpuGraphs.TOKENS, half));
    return held.round(graph, all, held.turns(config));
  }

  @Override
  public Value of(Attention attention, Value qkv, int layer) {
    return new Layer(layer, OperatorNames.attention(layer)).of(attention, qkv);
  }

  private final class Layer {
    private final int layer;
    private final String path;
    private final int size = config.headSize();
    private final int heads = config.heads();
    private final int kvHeads = config.kvHeads();

    Layer(int layer, String path) {
      this.layer = layer;
      this.path = path;
    }

    Value of(Attention attention, Value qkv) {
      Grid given = held.grid(ValueNames.product(attention.qkv()));
      List<Value> parts =
          split(qkv, "", given, (long) heads * size, (long) kvHeads * size, (long) kvHeads * size);
      Value queries = byHeads("/q", parts.get(0), heads, given);
      Value keys = byHeads("/k", parts.get(1), kvHeads, given);
      Value values = byHeads("/v", parts.get(2), kvHeads, given);
      Value turned = turned("/q", queries, given, held.range(ValueNames.queries(layer)));
      Value allKeys =
          all("key", turned("/k", keys, given, held.range(ValueNames.keys(layer))), true);
      Value allValues = all("value", values, false);
      Value scaled = scaled(turned, (float) attention.scale(size));
      Grid grid = held.grid(ValueNames.attention(layer));
      Value attended = weighted(scaled, allKeys, allValues, grid);
      Value byTokens = transposed("", attended, grid, 0, 2, 1, 3);
      long width = (long) heads * size;
      return reshaped("/together", byTokens, grid, NpuGraphs.stream(width), 0, 0, width);
    }

    /** Halves of the rotated features times cosines and sines; the others as they are. */
    private Value turned(String part, Value x, Grid before, ActivationRange range) {
      int half = config.rotarySize() / 2;
      int rest = size - 2 * half;
      List<Value> parts =
          rest == 0 ? split(x, part, before, half, half) : split(x, part, before, half, half, rest);
      Value a = parts.get(0);
      Value b = parts.get(1);
      // A pair keeps its length as it is turned, so none of it is longer than that.
      float longest = (float) (Math.sqrt(2) * Math.max(-range.min(), range.max()));
      Grid wide = Grid.of(new ActivationRange(-longest, longest, 0));
      Grid after = Grid.of(range);
      Value first =
          op(
              "Sub",
              part + "/first/Sub",
              after,
              a.shape(),
              op("Mul", part + "/first/cos/Mul", wide, a.shape(), a, cos),
              op("Mul", part + "/first/sin/Mul", wide, a.shape(), b, sin));
      Value second =
          op(
              "Add",
              part + "/second/Add",
              after,
              a.shape(),
              op("Mul", part + "/second/cos/Mul", wide, a.shape(), b, cos),
              op("Mul", part + "/second/sin/Mul", wide, a.shape(), a, sin));
      Op joined = graph.op("Concat", path + part + "/Concat").in(first, second).with("axis", -1);
      if (rest > 0) {
        joined.in(held.round(graph, parts.get(2), after, path + part + "/rest_quantized"));
      }
      return held.round(graph, joined.out(x.type(), x.shape()), after);
    }

    private Value scaled(Value queries, float scale) {
      Value factor = graph.scalar(path + "/scale", scale);
      ActivationRange range = held.range(ValueNames.queries(layer));
      Grid grid = Grid.of(new ActivationRange(scale * range.min(), scale * range.max(), 0));
      return op(
          "Mul",
          "/scale/Mul",
          grid,
          queries.shape(),
          queries,
          held.round(graph, factor, Grid.between(0, scale)));
    }

    /** The cache with the new tokens behind it; those go out as they are put there. */
    private Value all(String what, Value x, boolean keys) {
      Grid grid = keys ? held.keys(layer) : held.values(layer);
      Value past =
          held.input(graph, NpuGraphs.past(layer, what), NpuGraphs.cache(config, context), grid);
      Value fresh = held.given(graph, x, grid, NpuGraphs.fresh(layer, what));
      Value joined =
          graph
              .op("Concat", path + "/" + what + "s/Concat")
              .in(past, fresh)
              .with("axis", 2)
              .out(x.type(), Value.dims(1, kvHeads, NpuGraphs.SEEN, size));
      return held.round(graph, joined, grid);
    }

    /** Shape [1, heads, tokens, head size]. */
    private Value weighted(Value queries, Value keys, Value values, Grid grid) {
      int group = heads / kvHeads;
      boolean shared = group > 1;
      ActivationRange range = held.range(ValueNames.scores(layer));
      List<String> one = Value.dims(1, kvHeads, NpuGraphs.GROUPED, size);
      List<String> table = Value.dims(1, kvHeads, NpuGraphs.GROUPED, NpuGraphs.SEEN);
      List<String> apart = Value.dims(kvHeads, group, NpuGraphs.TOKENS, NpuGraphs.SEEN);
      Value q =
          shared
              ? reshaped("/grouped", queries, held.codesGrid(queries), one, 1, kvHeads, -1, size)
              : queries;
      Value turnedKeys = transposed("/keys", keys, held.keys(layer), 0, 1, 3, 2);
      Grid scoreGrid = Grid.of(range);
      Value scores = op("MatMul", "/scores/MatMul", scoreGrid, table, q, turnedKeys);
      if (shared) {
        scores = reshaped("/apart", scores, scoreGrid, apart, kvHeads, group, -1, 0);
      }
      Value seen = op("Add", "/seen/Add", held.seen(layer), scores.shape(), scores, mask);
      Grid shares = Grid.between(0, 1);
      Value weights =
          held.round(
              graph,
              graph
                  .op("Softmax", path + "/Softmax")
                  .in(seen)
                  .with("axis", -1)
                  .out(seen.type(), seen.shape()),
              shares);
      if (shared) {
        weights = reshaped("/joined", weights, shares, table, 1, kvHeads, -1, 0);
      }
      Value sum = op("MatMul", "/MatMul", grid, one, weights, values);
      return shared
          ? reshaped(
              "/heads", sum, grid, Value.dims(1, heads, NpuGraphs.TOKENS, size), 1, heads, -1, size)
          : sum;
    }

    /** Shape [1, heads, tokens, head size]. */
    private Value byHeads(String part, Value x, int count, Grid grid) {
      List<String> apart = Value.dims(1, NpuGraphs.TOKENS, count, size);
      return transposed(part, reshaped(part, x, grid, apart, 0, 0, count, size), grid, 0, 2, 1, 3);
    }

    /** The last dimension in parts. */
    private List<Value> split(Value x, String part, Grid grid, long... sizes) {
      Op op = graph.op("Split", path + part + "/Split").in(x, graph.i64s(sizes)).with("axis", -1);
      List<Value> parts = new ArrayList<>();
      for (int i = 0; i < sizes.length; i++) {
        List<String> shape = new ArrayList<>(x.shape());
        shape.set(shape.size() - 1, Long.toString(sizes[i]));
        parts.add(op.out(path + part + "/Split/output_" + i, x.type(), shape));
      }
      return parts.stream().map(one -> held.round(graph, one, grid)).toList();
    }

    private Value transposed(String part, Value x, Grid grid, int... order) {
      List<Long> axes = new ArrayList<>();
      List<String> shape = new ArrayList<>();
      for (int from : order) {
        axes.add((long) from);
        shape.add(x.shape().get(from));
      }
      Op op = graph.op("Transpose", path + part + "/Transpose").in(x).with("perm", axes);
      return held.round(graph, op.out(x.type(), shape), grid);
    }

    private Value reshaped(
        String part, Value x, Grid grid, List<String> shape, long... dimensions) {
      return op("Reshape", part + "/Reshape", grid, shape, x, graph.i64s(dimensions));
    }

    private Value op(String type, String name, Grid grid, List<String> shape, Value... in) {
      return held.round(graph, graph.op(type, path + name).in(in).out(in[0].type(), shape), grid);
    }
  }
}
