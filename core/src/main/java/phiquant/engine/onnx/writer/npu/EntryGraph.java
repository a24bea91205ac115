package phiquant.engine.onnx.writer.npu;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import phiquant.engine.onnx.writer.attention.RotaryTables;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.model.PhiConfig;

/**
 * What a run needs to know of its tokens, computed on the CPU: where they are, how queries and keys
 * are turned there, and what each token sees. GenAI gives the number of tokens before the last one
 * of a run, and fills the last piece of a prompt up with padding, behind its tokens.
 */
record EntryGraph(
    Graph graph, Constants constants, PhiConfig config, int context, int padding, Held held) {
  private static final ElementType INT = ElementType.INT64;
  private static final String PATH = "/model/entry";

  /**
   * Declares the inputs and makes all outputs but the embedded tokens.
   *
   * @return the tokens, i32 of shape [1, tokens]
   */
  Value build() {
    List<String> one = Value.dims(1);
    List<String> each = Value.dims(NpuGraphs.TOKENS);
    Value ids = graph.input("input_ids", ElementType.INT32, Value.dims(1, NpuGraphs.TOKENS));
    Value last = graph.input("past_sequence_length", ElementType.INT32, Value.dims(1, 1));
    graph.input("total_sequence_length", ElementType.INT32, one);

    Value shape = op("Shape", "Shape", INT, Value.dims(2), ids);
    Value tokens =
        graph
            .op("Gather", PATH + "/tokens/Gather")
            .in(shape, graph.i64(1))
            .with("axis", 0)
            .out(INT, List.of());
    Value order = op("Range", "order/Range", INT, each, graph.i64(0), tokens, graph.i64(1));
    Value where = op("Reshape", "last/Reshape", ElementType.INT32, one, last, graph.i64s(1));
    Value end = op("Add", "end/Add", INT, one, cast("last/Cast", where, INT), graph.i64(1));
    Value start =
        graph.op("Sub", PATH + "/start/Sub").in(end, tokens).out(NpuGraphs.START, INT, one);
    graph.output(start);
    count(ids, order);

    Value positions = op("Add", "positions/Add", INT, each, order, start);
    turns(op("Min", "positions/Min", INT, each, positions, graph.i64(context - 1)));
    mask(order, start, positions);
    return ids;
  }

  /** Up to the last token that is no padding, one at least. */
  private void count(Value ids, Value order) {
    Value padding = graph.scalar("padding", ElementType.INT32, this.padding);
    List<String> shape = ids.shape();
    Value same = op("Equal", "padding/Equal", ElementType.BOOL, shape, ids, padding);
    Value real = cast("real/Cast", op("Not", "real/Not", ElementType.BOOL, shape, same), INT);
    Value behind = op("Add", "behind/Add", INT, Value.dims(NpuGraphs.TOKENS), order, graph.i64(1));
    Value ends = op("Mul", "ends/Mul", INT, shape, real, behind);
    Value most =
        graph
            .op("ReduceMax", PATH + "/count/ReduceMax")
            .in(ends, graph.i64s(1))
            .with("keepdims", 0)
            .out(INT, Value.dims(1));
    graph.output(
        graph
            .op("Max", PATH + "/count/Max")
            .in(most, graph.i64(1))
            .out(NpuGraphs.COUNT, INT, Value.dims(1)));
  }

  /** Longrope's long factors are for contexts beyond the original one, and a context is fixed. */
  static boolean isLong(PhiConfig config, int context) {
    return config.longRope().isPresent() && context > config.originalContextLength();
  }

  private void turns(Value positions) {
    List<Double> factors =
        config
            .longRope()
            .map(rope -> isLong(config, context) ? rope.longFactors() : rope.shortFactors())
            .orElse(List.of());
    RotaryTables tables =
        RotaryTables.table(constants, config, held.floats(), "", context, factors);
    turn("cos", tables.cos(), positions, NpuGraphs.COS);
    turn("sin", tables.sin(), positions, NpuGraphs.SIN);
  }

  private void turn(String name, Value table, Value positions, String output) {
    int pairs = config.rotarySize() / 2;
    Value rows =
        op(
            "Gather",
            name + "/Gather",
            table.type(),
            Value.dims(NpuGraphs.TOKENS, pairs),
            table,
            positions);
    Op op = graph.op("Unsqueeze", PATH + "/" + name + "/Unsqueeze").in(rows, graph.i64s(0));
    give(op, output, Value.dims(1, NpuGraphs.TOKENS, pairs), () -> held.turns(config));
  }

  /** Of the cache a token sees what is filled, of the new tokens those up to itself. */
  private void mask(Value order, Value start, Value positions) {
    List<String> both = Value.dims(NpuGraphs.TOKENS, NpuGraphs.SEEN);
    Value row = column("order", order);
    Value place = column("positions", positions);
    Value slots =
        op(
            "Range",
            "slots/Range",
            INT,
            Value.dims(context),
            graph.i64(0),
            graph.i64(context),
            graph.i64(1));
    List<String> cache = Value.dims(NpuGraphs.TOKENS, context);
    List<String> square = Value.dims(NpuGraphs.TOKENS, NpuGraphs.TOKENS);
    Value filled = op("Less", "filled/Less", ElementType.BOOL, Value.dims(context), slots, start);
    // Turned into a table by what it is combined with: which rows there are.
    Value any =
        op(
            "GreaterOrEqual",
            "any/GreaterOrEqual",
            ElementType.BOOL,
            Value.dims(NpuGraphs.TOKENS, 1),
            row,
            graph.i64(0));
    Value old = op("And", "old/And", ElementType.BOOL, cache, any, filled);
    Value until =
        op("GreaterOrEqual", "until/GreaterOrEqual", ElementType.BOOL, square, row, order);
    Optional<Integer> window = config.slidingWindow().filter(size -> size < context);
    if (window.isPresent()) {
      Value far = op("Sub", "far/Sub", INT, cache, place, slots);
      Value near = op("Less", "near/Less", ElementType.BOOL, cache, far, graph.i64(window.get()));
      old = op("And", "near/And", ElementType.BOOL, cache, old, near);
      Value back = op("Sub", "back/Sub", INT, square, row, order);
      Value close =
          op("Less", "close/Less", ElementType.BOOL, square, back, graph.i64(window.get()));
      until = op("And", "close/And", ElementType.BOOL, square, until, close);
    }
    Value seen =
        graph
            .op("Concat", PATH + "/seen/Concat")
            .in(old, until)
            .with("axis", 1)
            .out(ElementType.BOOL, both);
    Value zero = graph.number("zero", held.type(), 0);
    Value hidden = graph.number("hidden", held.type(), held.hidden());
    Value added = op("Where", "seen/Where", held.type(), both, seen, zero, hidden);
    Op op = graph.op("Unsqueeze", PATH + "/mask/Unsqueeze").in(added, graph.i64s(0, 1));
    give(op, NpuGraphs.MASK, NpuGraphs.mask(), held::mask);
  }

  /** An output of the graph, as the next one takes it. */
  void give(Op op, String output, List<String> shape, Supplier<Grid> grid) {
    if (held.isCodes()) {
      graph.output(Held.quantize(graph, op.out(held.type(), shape), grid.get(), output));
    } else {
      graph.output(op.out(output, held.type(), shape));
    }
  }

  private Value column(String name, Value x) {
    return op(
        "Unsqueeze",
        name + "/Unsqueeze",
        x.type(),
        Value.dims(NpuGraphs.TOKENS, 1),
        x,
        graph.i64s(1));
  }

  private Value cast(String name, Value x, ElementType type) {
    return graph.op("Cast", PATH + "/" + name).in(x).with("to", type.number()).out(type, x.shape());
  }

  private Value op(String type, String name, ElementType element, List<String> shape, Value... in) {
    return graph.op(type, PATH + "/" + name).in(in).out(element, shape);
  }
}
