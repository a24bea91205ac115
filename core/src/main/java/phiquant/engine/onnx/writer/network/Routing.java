package phiquant.engine.onnx.writer.network;

import java.util.List;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Linear;
import phiquant.model.SparseMixer;

/**
 * {@link SparseMixer} in ONNX's own operators: which two experts a token takes, and what their
 * outputs are multiplied with. ONNX Runtime's operators for experts have an attribute for it, which
 * its CPU provider ignores (seen in 1.32). In 32 bits whatever the model computes in, for a score
 * that is a little larger chooses other experts.
 */
record Routing(Graph graph, MatMuls matMuls, int experts) {
  /**
   * Both experts' weights at their places.
   *
   * @param router one row for each expert
   * @param x shape [batch, sequence, hidden]
   * @return f32 of shape [batch, sequence, experts], zero for the experts that are not chosen
   */
  Value weights(Linear router, SparseMixer mixer, Value x) {
    String path = OperatorNames.routing(router.layer());
    Value wide = cast(path + "/Cast", x, ElementType.FLOAT);
    Value scores = matMuls.of(router.place(), wide, router.matrix(), router.bias());
    String names = path.substring(1).replace('/', '.');
    Value limit = graph.floats(names + ".limit", List.of(), (float) (2 * mixer.jitter()));
    Value none = graph.floats(names + ".none", List.of(), Float.NEGATIVE_INFINITY);
    Value marks = graph.floats(names + ".marks", List.of(2L), 0, 1);
    Value hides = graph.floats(names + ".hides", List.of(2L), 0, Float.NEGATIVE_INFINITY);
    Value sizes = one("Abs", path + "/Abs", scores.shape(), scores);

    Best first = best(path + "/first", scores);
    Value hidden = marked(path + "/first/hide", first, hides, scores);
    Value rest = one("Add", path + "/rest/Add", scores.shape(), scores, hidden);
    Best second = best(path + "/second", rest);
    Value a = share(path + "/first", scores, sizes, scores, first, limit, none, marks);
    Value b = share(path + "/second", scores, sizes, rest, second, limit, none, marks);
    return one("Add", path + "/Add", scores.shape(), a, b);
  }

  /** The largest score, shape [batch, sequence, 1], and whose it is, i64 [batch, sequence]. */
  private record Best(Value score, Value index) {}

  private Best best(String path, Value scores) {
    List<String> tokens = scores.shape().subList(0, 2);
    Value score =
        graph
            .op("ReduceMax", path + "/ReduceMax")
            .in(scores, graph.i64s(-1))
            .with("keepdims", 1)
            .out(scores.type(), Value.dims(tokens.get(0), tokens.get(1), 1));
    Value index =
        graph
            .op("ArgMax", path + "/ArgMax")
            .in(scores)
            .with("axis", -1)
            .with("keepdims", 0)
            .out(ElementType.INT64, tokens);
    return new Best(score, index);
  }

  /** One value at the best's place, another at all others. */
  private Value marked(String path, Best best, Value values, Value like) {
    return graph
        .op("OneHot", path + "/OneHot")
        .in(best.index(), graph.i64(experts), values)
        .with("axis", -1)
        .out(like.type(), like.shape());
  }

  /** At the best's place its softmax among those of {@code left} that come close to it. */
  private Value share(
      String path,
      Value scores,
      Value sizes,
      Value left,
      Best best,
      Value limit,
      Value none,
      Value marks) {
    List<String> shape = scores.shape();
    Value below = one("Sub", path + "/Sub", shape, best.score(), scores);
    Value scale = one("Max", path + "/Max", shape, sizes, best.score());
    Value distance = one("Div", path + "/Div", shape, below, scale);
    Value far =
        graph.op("Greater", path + "/Greater").in(distance, limit).out(ElementType.BOOL, shape);
    Value close =
        graph.op("Where", path + "/Where").in(far, none, left).out(ElementType.FLOAT, shape);
    Value shares =
        graph
            .op("Softmax", path + "/Softmax")
            .in(close)
            .with("axis", -1)
            .out(ElementType.FLOAT, shape);
    return one("Mul", path + "/Mul", shape, shares, marked(path, best, marks, scores));
  }

  private Value one(String type, String name, List<String> shape, Value... inputs) {
    return graph.op(type, name).in(inputs).out(ElementType.FLOAT, shape);
  }

  /** The same numbers in another type; themselves if they have it. */
  Value cast(String name, Value x, ElementType type) {
    return x.type() == type
        ? x
        : graph.op("Cast", name).in(x).with("to", type.number()).out(type, x.shape());
  }
}
