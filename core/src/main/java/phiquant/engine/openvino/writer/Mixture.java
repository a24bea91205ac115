package phiquant.engine.openvino.writer;

import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.SparseMixer;

/**
 * A layer's experts in the steps that the CPU plugin recognizes: every token goes to every expert,
 * three batched products, and a sum with weights that are zero for the experts that were not
 * chosen. The plugin computes the chosen ones only. The steps are those that optimum-intel exports
 * from transformers' {@code modeling_phimoe.py}.
 *
 * @param hidden width of the stream
 * @param experts how many there are
 */
record Mixture(Ir graph, Ops ops, int hidden, int experts) {
  /**
   * The sum.
   *
   * @param x [batch, sequence, hidden]
   * @param gates [experts, features, hidden], as ups
   * @param downs [experts, hidden, features]
   * @param weights [tokens, experts]
   */
  Out of(Out x, Out gates, Out ups, Out downs, Out weights) {
    Out tokens = ops.reshape(x, false, -1, hidden);
    Out tiled = graph.op("Tile", "opset1", Map.of(), x.type(), tokens, graph.i64s(experts, 1));
    Out each = ops.reshape(tiled, false, experts, -1, hidden);
    Out gate = ops.unary("Swish", "opset4", ops.matMul(each, gates, true));
    Out wide = ops.multiply(gate, ops.matMul(each, ups, true));
    Out given = ops.reshape(ops.matMul(wide, downs, true), true, experts, -1, hidden);
    Out shares = ops.reshape(ops.transpose(weights, 1, 0), true, experts, -1);
    Out weighted = ops.multiply(given, ops.unsqueeze(shares, -1));
    Out sum =
        graph.op(
            "ReduceSum", "opset1", Map.of("keep_dims", "false"), x.type(), weighted, graph.i64s(0));
    return graph.op(
        "Reshape", "opset1", Map.of("special_zero", "false"), x.type(), sum, ops.shapeOf(x));
  }

  /**
   * What each token's experts are multiplied with, zero for those that it does not take.
   *
   * @param scores [batch, sequence, experts]
   * @return [tokens, experts]
   */
  Out weights(SparseMixer mixer, Out scores) {
    Out all = ops.reshape(scores, false, -1, experts);
    Out limit = graph.f32("1, 1", (float) (2 * mixer.jitter()));
    Best first = best(all);
    Out count = ops.gather(ops.shapeOf(first.index()), graph.i64s(0), graph.i64(0));
    Out one = ops.concat(0, count, graph.i64s(1));
    Out none = graph.f32("", Float.NEGATIVE_INFINITY);
    Out rest = scatter(all, first.index(), ops.broadcast(none, one, "numpy"));
    Best second = best(rest);
    Out chosen = ops.concat(-1, first.index(), second.index());
    Out shares = ops.concat(-1, share(all, all, first, limit), share(all, rest, second, limit));
    Out zeros = ops.broadcast(graph.f32("", 0), ops.concat(0, count, graph.i64s(experts)), "numpy");
    return scatter(zeros, chosen, shares);
  }

  /** A token's largest score, and whose it is: both [tokens, 1]. */
  private record Best(Out score, Out index) {}

  private Best best(Out scores) {
    Map<String, String> attributes =
        Map.of(
            "axis", "-1",
            "mode", "max",
            "sort", "none",
            "index_element_type", "i64",
            "stable", "false");
    List<Out> found =
        graph.ops(
            "TopK",
            "opset11",
            attributes,
            List.of(scores.type(), Type.I64),
            List.of(scores, graph.i32(1)));
    return new Best(found.get(0), ops.convert(found.get(1), Type.I32));
  }

  /** The softmax of the best among those of {@code scores} that come close to it. */
  private Out share(Out all, Out scores, Best best, Out limit) {
    Out below = binary("Subtract", best.score(), all);
    Out scale = binary("Maximum", ops.unary("Abs", "opset1", all), best.score());
    Out far = ops.compare("Greater", ops.divide(below, scale), limit);
    Out close = ops.select(far, graph.f32("", Float.NEGATIVE_INFINITY), scores);
    Out shares = graph.op("SoftMax", "opset8", Map.of("axis", "-1"), all.type(), close);
    return graph.op(
        "GatherElements", "opset6", Map.of("axis", "-1"), all.type(), shares, best.index());
  }

  private Out scatter(Out into, Out indices, Out values) {
    return graph.op(
        "ScatterElementsUpdate",
        "opset12",
        Map.of("reduction", "none", "use_init_val", "true"),
        into.type(),
        into,
        indices,
        values,
        graph.i64(1));
  }

  private Out binary(String type, Out a, Out b) {
    return graph.op(type, "opset1", Map.of("auto_broadcast", "numpy"), a.type(), a, b);
  }
}
