package phiquant.target.onnx;

import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;

/**
 * Root mean square normalization, {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019,
 * arXiv:1910.07467), by ONNX Runtime's fused operators: the first one alone, all others with the
 * residual addition before them.
 */
record Norms(Graph graph, Constants constants, FloatType type, float epsilon) {
  /**
   * What a norm in the residual stream gives.
   *
   * @param normal the normalized sum
   * @param sum of the stream and what was added to it; null after the last norm
   */
  record Step(Value normal, Value sum) {}

  /** The norm before the first layer, which has nothing to add. */
  Step first(Value x, StoredTensor weight) {
    String name = "model.layers.0.input_layernorm";
    Value normal =
        graph
            .op("SimplifiedLayerNormalization", "/model/layers.0/input_layernorm/LayerNorm")
            .in(x, constants.plain(name + ".weight", weight, false, type))
            .with("epsilon", epsilon)
            .with("axis", -1)
            .with("stash_type", 1)
            .out("/model/layers.0/input_layernorm/output_0", x.type(), x.shape());
    return new Step(normal, x);
  }

  /**
   * Adds a branch to the stream and normalizes the sum.
   *
   * @param place such as {@code layers.0/post_attention_layernorm}
   */
  Step add(String place, Value stream, Value branch, StoredTensor weight) {
    String path = "/model/" + place;
    Op op = op(path, stream, branch, weight);
    Value normal = op.out(path + "/output_0", stream.type(), stream.shape());
    Value sum = op.skip(2).out(path + "/output_3", stream.type(), stream.shape());
    return new Step(normal, sum);
  }

  /** The same after the last layer, where nobody needs the sum. */
  Value last(String place, Value stream, Value branch, StoredTensor weight, String output) {
    return op("/model/" + place, stream, branch, weight).out(output, stream.type(), stream.shape());
  }

  private Op op(String path, Value stream, Value branch, StoredTensor weight) {
    String constant = path.substring(1).replace('/', '.') + ".weight";
    return graph
        .op(Graph.MICROSOFT, "SkipSimplifiedLayerNormalization", path + "/SkipLayerNorm")
        .in(stream, branch, constants.plain(constant, weight, false, type))
        .with("epsilon", epsilon);
  }
}
