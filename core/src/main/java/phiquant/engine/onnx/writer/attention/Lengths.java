package phiquant.engine.onnx.writer.attention;

import java.util.List;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;

/**
 * How many tokens there are, taken from the attention mask of shape [batch, past and new tokens].
 *
 * @param sum past and new tokens of each sequence, i64 of shape [batch]
 * @param last index of each sequence's last token, i32 of shape [batch]
 * @param total past and new tokens with padding, an i32 scalar
 * @param total64 the same as i64
 */
public record Lengths(Value sum, Value last, Value total, Value total64) {
  private static final String PATH = "/model/attn_mask_reformat/attn_mask_subgraph";

  public static Lengths of(Graph graph, Value mask) {
    String path = PATH;
    List<String> batch = Value.dims("batch_size");
    Value sum =
        graph
            .op("ReduceSum", path + "/ReduceSum")
            .in(mask, graph.i64s(1))
            .with("keepdims", 0)
            .out(ElementType.INT64, batch);
    Value last = graph.op("Sub", path + "/Sub").in(sum, graph.i64s(1)).out(sum.type(), batch);
    Value shape = graph.op("Shape", path + "/Shape").in(mask).out(sum.type(), Value.dims(2));
    Value total =
        graph
            .op("Gather", path + "/Gather")
            .in(shape, graph.i64(1))
            .with("axis", 0)
            .out(sum.type(), Value.dims());
    return new Lengths(
        sum, i32(graph, path + "/Sub/Cast", last), i32(graph, path + "/Gather/Cast", total), total);
  }

  /** Past and new tokens of each sequence, i32 of shape [batch]; asked for once. */
  Value all(Graph graph) {
    return i32(graph, PATH + "/ReduceSum/Cast", sum);
  }

  private static Value i32(Graph graph, String name, Value x) {
    return graph
        .op("Cast", name)
        .in(x)
        .with("to", ElementType.INT32.number())
        .out(ElementType.INT32, x.shape());
  }
}
