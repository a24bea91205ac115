package phiquant.engine.onnx.writer.network;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.Place;
import phiquant.model.Role;

/** From the last norm to logits; of all tokens, or of the last one only. */
record Head(Graph graph, MatMuls matMuls, Optional<StoredTensor> bias) {
  static final Place PLACE = Place.of(Role.HEAD);
  private static final String PATH = OperatorNames.HEAD;

  /**
   * Makes the graph's output {@code logits}, shape [batch, sequence, vocabulary], in 32 bits where
   * the model computes in bfloat16, which samplers do not read.
   *
   * @param x shape [batch, sequence, hidden]
   */
  void of(Value x, WeightProducts.Stored weight, boolean lastOnly) {
    Value input = lastOnly ? last(x) : x;
    if (x.type() != ElementType.BFLOAT16) {
      graph.output(logits(input, weight, "logits"));
      return;
    }
    Value logits = logits(input, weight, PATH + "/MatMul/output_0");
    graph.output(
        graph
            .op("Cast", PATH + "/Cast")
            .in(logits)
            .with("to", ElementType.FLOAT.number())
            .out("logits", ElementType.FLOAT, logits.shape()));
  }

  private Value logits(Value x, WeightProducts.Stored weight, String output) {
    if (bias.isEmpty()) {
      return matMuls.of(PLACE, x, weight, output);
    }
    Value product = matMuls.of(PLACE, x, weight, PATH + "/MatMul/product");
    return matMuls.add(PLACE, product, bias.get(), output);
  }

  private Value last(Value x) {
    String hidden = x.shape().getLast();
    Value row =
        graph
            .op("Gather", PATH + "/prune/Gather")
            .in(x, graph.i64(-1))
            .with("axis", 1)
            .out(x.type(), List.of("batch_size", hidden));
    return graph
        .op("Unsqueeze", PATH + "/prune/Unsqueeze")
        .in(row, graph.i64s(1))
        .out(x.type(), List.of("batch_size", "1", hidden));
  }
}
