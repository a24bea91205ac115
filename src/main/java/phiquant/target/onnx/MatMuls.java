package phiquant.target.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import phiquant.checkpoint.StoredTensor;

/**
 * Multiplications with weights, each in the precision that its operator's name asks for: {@code
 * MatMul} with floats, or ONNX Runtime's {@code MatMulNBits}, which dequantizes on the fly.
 *
 * @param precision by the operator's name, such as {@code /model/layers.0/mlp/down_proj/MatMul}
 */
record MatMuls(Graph graph, Constants constants, Function<String, Precision> precision) {
  /**
   * {@code x · weightᵀ}.
   *
   * @param x shape [batch, sequence, columns]
   * @param weight shape [rows, columns]
   * @return shape [batch, sequence, rows]
   */
  Value of(String name, Value x, StoredTensor weight) {
    return of(name, x, weight, name + "/output_0");
  }

  Value of(String name, Value x, StoredTensor weight, String output) {
    List<String> shape = new ArrayList<>(x.shape());
    shape.set(shape.size() - 1, Long.toString(weight.rows()));
    String constant = name.substring(1).replace('/', '.') + ".weight";
    return switch (precision.apply(name)) {
      case Precision.Plain plain ->
          graph
              .op("MatMul", name)
              .in(x, constants.plain(constant, weight, true, plain.type()))
              .out(output, x.type(), shape);
      case Precision.Blocks blocks -> throw new UnsupportedOperationException(blocks.toString());
    };
  }
}
