package phiquant.model;

import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.checkpoint.derived.Scaled;

/**
 * One weight of the model.
 *
 * @param role what it does
 * @param layer the transformer layer from 0, or -1 outside of layers
 * @param bias whether it is the bias beside the weight of that role
 * @param tensor where its rows come from, under its Hugging Face name
 */
public record Weight(Role role, int layer, boolean bias, StoredTensor tensor) {
  /** A weight that is no bias. */
  public Weight(Role role, int layer, StoredTensor tensor) {
    this(role, layer, false, tensor);
  }

  /** Where it is. */
  public Place place() {
    return new Place(role, layer);
  }

  /** Matrices of one shape and role as one; a single weight is itself. */
  static Weight piled(List<Weight> same) {
    Weight first = same.getFirst();
    return same.size() == 1
        ? first
        : new Weight(
            first.role(),
            first.layer(),
            new Piled(first.name(), same.stream().map(Weight::tensor).toList()));
  }

  /** The same with every number multiplied. */
  public Weight times(double factor) {
    return new Weight(role, layer, bias, new Scaled(tensor, (float) factor));
  }

  /** The Hugging Face name. */
  public String name() {
    return tensor.name();
  }

  /** Whether it is a matrix; vectors (norms, biases) are never quantized. */
  public boolean isMatrix() {
    return tensor.shape().size() > 1;
  }
}
