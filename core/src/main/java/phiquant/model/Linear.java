package phiquant.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;

/**
 * A product with a matrix, and what is added to it. A checkpoint may keep the matrix in parts, rows
 * one below the other: query, key and value, say. A consumer takes it as one or by its parts,
 * whichever its engine is faster with.
 *
 * @param role what the whole does
 * @param weights each of shape [features out, features in]
 * @param biases as many, each of shape [features out]; or none
 */
public record Linear(Role role, List<Weight> weights, List<Weight> biases) {
  /** A product without a bias. */
  public static Linear of(Weight weight) {
    return new Linear(weight.role(), List.of(weight), List.of());
  }

  /** The layer from 0, or -1 outside of layers. */
  public int layer() {
    return weights.getFirst().layer();
  }

  /** Where the whole is. */
  public Place place() {
    return new Place(role, layer());
  }

  /** The whole matrix. */
  public StoredTensor matrix() {
    return whole(weights);
  }

  /** The whole bias, if there is one. */
  public Optional<StoredTensor> bias() {
    return biases.isEmpty() ? Optional.empty() : Optional.of(stacked(biases));
  }

  /** Every tensor of it. */
  public Stream<Weight> all() {
    return Stream.concat(weights.stream(), biases.stream());
  }

  private static StoredTensor whole(List<Weight> parts) {
    return parts.size() == 1
        ? parts.getFirst().tensor()
        : RowSlice.whole(tensors(parts)).orElseGet(() -> stacked(parts));
  }

  private static StoredTensor stacked(List<Weight> parts) {
    return parts.size() == 1
        ? parts.getFirst().tensor()
        : new Stacked(parts.getFirst().name(), tensors(parts));
  }

  private static List<StoredTensor> tensors(List<Weight> parts) {
    return parts.stream().map(Weight::tensor).toList();
  }
}
