package phiquant.engine.onnx.writer.vision;

import java.util.List;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;

/**
 * Arithmetic on whole numbers in a graph, so that a formula over them can be read as one. Operators
 * get a number after what they do.
 */
final class Integers {
  private final Graph graph;
  private final String path;
  private int count;

  /** Operators' names begin with {@code path}. */
  Integers(Graph graph, String path) {
    this.graph = graph;
    this.path = path;
  }

  Value number(long number) {
    return graph.i64(number);
  }

  Value plus(Value a, Value b) {
    return two("Add", ElementType.INT64, a, b);
  }

  Value plus(Value a, long b) {
    return plus(a, number(b));
  }

  Value minus(Value a, Value b) {
    return two("Sub", ElementType.INT64, a, b);
  }

  Value times(Value a, Value b) {
    return two("Mul", ElementType.INT64, a, b);
  }

  Value times(Value a, long b) {
    return times(a, number(b));
  }

  Value over(Value a, Value b) {
    return two("Div", ElementType.INT64, a, b);
  }

  Value over(Value a, long b) {
    return over(a, number(b));
  }

  Value rest(Value a, Value b) {
    return two("Mod", ElementType.INT64, a, b);
  }

  Value rest(Value a, long b) {
    return rest(a, number(b));
  }

  Value isLess(Value a, Value b) {
    return two("Less", ElementType.BOOL, a, b);
  }

  Value isEqual(Value a, Value b) {
    return two("Equal", ElementType.BOOL, a, b);
  }

  /** {@code yes} where the condition holds, {@code no} elsewhere. */
  Value where(Value condition, Value yes, Value no) {
    return graph
        .op("Where", name("Where"))
        .in(condition, yes, no)
        .out(ElementType.INT64, condition.shape());
  }

  /** What is listed at each place. */
  Value at(Value list, Value places) {
    return graph.op("Gather", name("Gather")).in(list, places).out(list.type(), places.shape());
  }

  /** One column of a matrix, as a vector. */
  Value column(Value matrix, long number) {
    return graph
        .op("Gather", name("Gather"))
        .in(matrix, number(number))
        .with("axis", 1)
        .out(matrix.type(), matrix.shape().subList(0, 1));
  }

  /** Sums of a vector up to each place, that place included. */
  Value sumsUpTo(Value vector) {
    return graph
        .op("CumSum", name("CumSum"))
        .in(vector, number(0))
        .out(ElementType.INT64, vector.shape());
  }

  /** The sum of a vector, a scalar. */
  Value sum(Value vector) {
    return graph
        .op("ReduceSum", name("ReduceSum"))
        .in(vector, graph.i64s(0))
        .with("keepdims", 0)
        .out(ElementType.INT64, List.of());
  }

  /** For each place how many of a vector's numbers are not larger. */
  Value countUpTo(Value vector, Value places) {
    Value column =
        graph
            .op("Unsqueeze", name("Unsqueeze"))
            .in(places, graph.i64s(1))
            .out(ElementType.INT64, Value.dims(places.shape().getFirst(), 1));
    List<String> table = List.of(places.shape().getFirst(), vector.shape().getFirst());
    Value passed =
        graph
            .op("GreaterOrEqual", name("GreaterOrEqual"))
            .in(column, vector)
            .out(ElementType.BOOL, table);
    Value ones =
        graph
            .op("Cast", name("Cast"))
            .in(passed)
            .with("to", ElementType.INT64.number())
            .out(ElementType.INT64, table);
    return graph
        .op("ReduceSum", name("ReduceSum"))
        .in(ones, graph.i64s(1))
        .with("keepdims", 0)
        .out(ElementType.INT64, places.shape());
  }

  /** Numbers from 0; {@code size} is what their dimension is called. */
  Value upTo(Value end, String size) {
    return graph
        .op("Range", name("Range"))
        .in(number(0), end, number(1))
        .out(ElementType.INT64, List.of(size));
  }

  /** A dimension of a tensor, a scalar. */
  Value size(Value tensor, int dimension) {
    Value shape =
        graph
            .op("Shape", name("Shape"))
            .in(tensor)
            .out(ElementType.INT64, Value.dims(tensor.shape().size()));
    return graph
        .op("Gather", name("Gather"))
        .in(shape, number(dimension))
        .out(ElementType.INT64, List.of());
  }

  private Value two(String type, ElementType result, Value a, Value b) {
    List<String> shape = a.shape().size() >= b.shape().size() ? a.shape() : b.shape();
    return graph.op(type, name(type)).in(a, b).out(result, shape);
  }

  private String name(String type) {
    return path + "/" + type + "_" + count++;
  }
}
