package phiquant.engine.onnx.writer.weights;

import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.Value;

/** What is done to the input of a matrix product before it is multiplied. */
@FunctionalInterface
public interface Inputs {
  /** Nothing. */
  Inputs AS_THEY_ARE = (x, weight) -> x;

  /** The tensor to multiply by {@code weight} instead of {@code x}. */
  Value of(Value x, StoredTensor weight);
}
