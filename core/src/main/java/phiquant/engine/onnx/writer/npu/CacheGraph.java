package phiquant.engine.onnx.writer.npu;

import java.util.List;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.PhiConfig;

/**
 * What follows a run, on the CPU: new keys and values go to their places in the cache, padding's
 * not, and of a prompt the last token goes on. GenAI gives one buffer as the cache that comes in
 * and the one that goes out, so {@code ScatterND} writes the new rows and nothing else.
 */
record CacheGraph(Graph graph, PhiConfig config, int context, Held held) {
  private static final ElementType INT = ElementType.INT64;
  private static final String PATH = "/model/cache";

  /** How many of the tokens are none of padding. */
  private static final String REAL = "real_tokens";

  void build() {
    Value stream = graph.input(NpuGraphs.STREAM, held.between(), NpuGraphs.stream(config.hidden()));
    Value start = graph.input(NpuGraphs.START, INT, Value.dims(1));
    Value count = graph.input(NpuGraphs.COUNT, INT, Value.dims(1));
    Value places = places(start, count);
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String what : List.of("key", "value")) {
        write(layer, what, count, places);
      }
    }
    Value before = op("Sub", "before/Sub", INT, Value.dims(1), count, graph.i64(1));
    graph.output(
        graph
            .op("Slice", PATH + "/last/Slice")
            .in(stream, before, count, graph.i64s(1))
            .out(NpuGraphs.LAST, held.between(), Value.dims(1, 1, config.hidden())));
  }

  /** Where rows go, shape [1, heads, real tokens, 3]: sequence, head, place in the cache. */
  private Value places(Value start, Value count) {
    int heads = config.kvHeads();
    List<String> each = Value.dims(REAL);
    Value number = op("Squeeze", "count/Squeeze", INT, List.of(), count);
    Value order = op("Range", "order/Range", INT, each, graph.i64(0), number, graph.i64(1));
    Value slots = op("Add", "slots/Add", INT, each, order, start);
    Value columns =
        op(
            "Reshape",
            "slots/Reshape",
            INT,
            Value.dims(1, 1, REAL, 1),
            slots,
            graph.i64s(1, 1, -1, 1));
    Value head =
        op(
            "Range",
            "heads/Range",
            INT,
            Value.dims(heads),
            graph.i64(0),
            graph.i64(heads),
            graph.i64(1));
    Value rows =
        op(
            "Reshape",
            "heads/Reshape",
            INT,
            Value.dims(1, heads, 1, 1),
            head,
            graph.i64s(1, heads, 1, 1));
    List<String> table = Value.dims(1, heads, REAL, 1);
    Value none = op("Mul", "none/Mul", INT, Value.dims(1, 1, REAL, 1), columns, graph.i64(0));
    Value headOf = op("Add", "heads/Add", INT, table, rows, none);
    Value zero = op("Mul", "zero/Mul", INT, table, headOf, graph.i64(0));
    Value slotOf = op("Add", "slots/Table", INT, table, zero, columns);
    return graph
        .op("Concat", PATH + "/places/Concat")
        .in(zero, headOf, slotOf)
        .with("axis", 3)
        .out(INT, Value.dims(1, heads, REAL, 3));
  }

  private void write(int layer, String what, Value count, Value places) {
    int heads = config.kvHeads();
    int size = config.headSize();
    String path = layer + "/" + what;
    Value past =
        graph.input(NpuGraphs.past(layer, what), held.cache(), NpuGraphs.cache(config, context));
    Value fresh =
        graph.input(
            NpuGraphs.fresh(layer, what),
            held.cache(),
            Value.dims(1, heads, NpuGraphs.TOKENS, size));
    Value rows =
        op(
            "Slice",
            path + "/Slice",
            held.cache(),
            Value.dims(1, heads, REAL, size),
            fresh,
            graph.i64s(0),
            count,
            graph.i64s(2));
    graph.output(
        graph
            .op("ScatterND", PATH + "/" + path + "/ScatterND")
            .in(past, places, rows)
            .out(NpuGraphs.present(layer, what), held.cache(), NpuGraphs.cache(config, context)));
  }

  private Value op(String type, String name, ElementType element, List<String> shape, Value... in) {
    return graph.op(type, PATH + "/" + name).in(in).out(element, shape);
  }
}
