package phiquant.engine.onnx.writer.network;

import java.util.Optional;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Linear;

/**
 * What flows through a network while its graph is made: a tensor, or what will become one when it
 * is known which operator takes it. ONNX Runtime has one operator for an addition and the norm
 * after it, and devices differ in whether queries, keys and values are one product or three.
 */
sealed interface Term {
  /** A tensor of the graph. */
  record Tensor(Value value) implements Term {}

  /** A product that is not in the graph yet. */
  record Product(Linear linear, Value x) implements Term {}

  /** A sum, in the graph as soon as a norm or another sum has taken it. */
  final class Sum implements Term {
    private final Value stream;
    private final Value branch;
    private final int layer;
    private Value value;

    /** The layer is needed where the sum is a branch itself. */
    Sum(Value stream, Value branch, int layer) {
      this.stream = stream;
      this.branch = branch;
      this.layer = layer;
    }

    int layer() {
      return layer;
    }

    Value stream() {
      return stream;
    }

    Value branch() {
      return branch;
    }

    /** The sum itself, which the norm's operator gives beside the normalized one; or none yet. */
    Optional<Value> value() {
      return Optional.ofNullable(value);
    }

    void value(Value sum) {
      value = sum;
    }
  }
}
