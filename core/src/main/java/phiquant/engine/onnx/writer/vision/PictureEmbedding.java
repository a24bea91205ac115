package phiquant.engine.onnx.writer.vision;

import java.util.List;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.network.Embedding;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.model.PhiModel;
import phiquant.quant.FloatType;

/**
 * The embedding of a model that sees, as a graph of its own. Inputs: input_ids [batch, sequence],
 * below 0 where a picture's token stands; image_features [image tokens, hidden], none while an
 * answer grows. Output: inputs_embeds [batch, sequence, hidden]. The features fill the places in
 * their order.
 */
public final class PictureEmbedding {
  private PictureEmbedding() {}

  /** Builds it. */
  public static void build(
      Graph graph, Constants constants, PhiModel model, FloatType type, Precision precision) {
    ElementType element = ElementType.of(type);
    List<String> tokens = Value.dims("batch_size", "sequence_length");
    int hidden = model.config().hidden();
    Value ids = graph.input("input_ids", ElementType.INT64, tokens);
    Value features = graph.input("image_features", element, Value.dims("num_image_tokens", hidden));
    Value zero = graph.i64(0);
    String path = "/model/image_tokens";
    Value words = graph.op("Max", path + "/Max").in(ids, zero).out(ElementType.INT64, tokens);
    Value embedded = new Embedding(graph, constants, model, element, false).own(words, precision);
    Value pictures = graph.op("Less", path + "/Less").in(ids, zero).out(ElementType.BOOL, tokens);
    Value places =
        graph
            .op("NonZero", path + "/NonZero")
            .in(pictures)
            .out(ElementType.INT64, Value.dims(2, "num_image_tokens"));
    Value each =
        graph
            .op("Transpose", path + "/Transpose")
            .in(places)
            .with("perm", List.of(1L, 0L))
            .out(ElementType.INT64, Value.dims("num_image_tokens", 2));
    graph.output(
        graph
            .op("ScatterND", path + "/ScatterND")
            .in(embedded, each, features)
            .out("inputs_embeds", element, embedded.shape()));
  }
}
