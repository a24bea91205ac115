package phiquant.engine.onnx.writer;

import phiquant.model.Norm;
import phiquant.quant.FloatType;

/**
 * Root mean square normalization, {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019,
 * arXiv:1910.07467), by ONNX Runtime's fused operators: of a tensor, or of a sum with the addition
 * that makes it.
 */
record Norms(Graph graph, Constants constants, FloatType type) {
  /** Of a tensor, as before the first layer, where nothing has been added yet. */
  Value of(String path, Value x, Norm norm) {
    return graph
        .op("SimplifiedLayerNormalization", path + "/LayerNorm")
        .in(x, weight(path, norm))
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

  private Op skip(String path, Term.Sum sum, Norm norm) {
    return graph
        .op(Graph.MICROSOFT, "SkipSimplifiedLayerNormalization", path + "/SkipLayerNorm")
        .in(sum.stream(), sum.branch(), weight(path, norm))
        .with("epsilon", (float) norm.epsilon());
  }

  private Value weight(String path, Norm norm) {
    String constant = path.substring(1).replace('/', '.') + ".weight";
    return constants.plain(constant, norm.weight().tensor(), false, type);
  }
}
