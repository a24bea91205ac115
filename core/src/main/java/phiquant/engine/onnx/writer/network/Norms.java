package phiquant.engine.onnx.writer.network;

import java.util.stream.Stream;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.model.Norm;
import phiquant.quant.FloatType;

/**
 * Norms by ONNX Runtime's fused operators: of a tensor, or of a sum with the addition that makes
 * it. Root mean square normalization is called simplified there.
 */
record Norms(Graph graph, Constants constants, FloatType type) {
  /** Of a tensor, as before the first layer, where nothing has been added yet. */
  Value of(String path, Value x, Norm norm) {
    return graph
        .op(simplified(norm) + "LayerNormalization", path + "/LayerNorm")
        .in(x)
        .in(weights(path, norm))
        .with("epsilon", (float) norm.epsilon())
        .with("axis", -1)
        .with("stash_type", 1)
        .out(path + "/output_0", x.type(), x.shape());
  }

  /** Of a sum, which from now on is in the graph. */
  Value of(String path, Term.Sum sum, Norm norm) {
    Value stream = sum.stream();
    Op op = skip(path, sum, norm);
    Value normal = op.out(path + "/output_0", stream.type(), stream.shape());
    sum.value(op.skip(2).out(path + "/output_3", stream.type(), stream.shape()));
    return normal;
  }

  /** The same after the last layer, where nobody needs the sum. */
  Value last(String path, Term.Sum sum, Norm norm, String output) {
    return skip(path, sum, norm).out(output, sum.stream().type(), sum.stream().shape());
  }

  /** The sum of branches that meet the stream together. */
  Value none(Term.Sum sum) {
    Value stream = sum.stream();
    Value made =
        graph
            .op("Add", OperatorNames.branches(sum.layer()))
            .in(stream, sum.branch())
            .out(stream.type(), stream.shape());
    sum.value(made);
    return made;
  }

  private static String simplified(Norm norm) {
    return norm.kind() == Norm.Kind.ROOT_MEAN_SQUARE ? "Simplified" : "";
  }

  private Op skip(String path, Term.Sum sum, Norm norm) {
    return graph
        .op(
            Graph.MICROSOFT,
            "Skip" + simplified(norm) + "LayerNormalization",
            path + "/SkipLayerNorm")
        .in(sum.stream(), sum.branch())
        .in(weights(path, norm))
        .with("epsilon", (float) norm.epsilon());
  }

  private Value[] weights(String path, Norm norm) {
    String constant = path.substring(1).replace('/', '.');
    return Stream.concat(Stream.of(norm.weight()), norm.bias().stream())
        .map(
            weight ->
                constants.plain(
                    constant + (weight.bias() ? ".bias" : ".weight"), weight.tensor(), false, type))
        .toArray(Value[]::new);
  }
}
