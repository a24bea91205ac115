package phiquant.model.vision;

import java.util.List;
import java.util.stream.Stream;
import phiquant.model.Activation;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Weight;

/**
 * What sees: a tower, and the projector that makes image tokens of its features. Four neighbours of
 * a tile's features become one token; what stands between rows, and between the crops and the
 * whole, is a token's features that were learned.
 *
 * @param rowEnd after each row of tokens; shape [4 · features]
 * @param between between the crops and the whole picture; the same shape
 * @param up the projector's first product, GELU follows
 * @param down its second, to the model's width
 * @param unused tensors of the checkpoint that nothing computes with
 * @param weights all that are used
 */
public record Vision(
    Tower tower,
    Weight rowEnd,
    Weight between,
    Linear up,
    Linear down,
    List<String> unused,
    List<Weight> weights) {
  /** Tensors of the checkpoint that belong to it, used or not. */
  public Stream<String> names() {
    return Stream.concat(weights.stream().map(Weight::name), unused.stream());
  }

  /** Number of parameters that are used. */
  public long parameters() {
    return weights.stream().mapToLong(weight -> weight.tensor().elements()).sum();
  }

  /** What a person should know. */
  public List<String> notices() {
    return unused.isEmpty()
        ? List.of()
        : List.of(
            "%d tensors of the vision tower are not computed with, because the model's own code makes no use of them: its last layer, and the norm after it."
                .formatted(unused.size()));
  }

  /** From neighbours' features to what goes into the text part in place of a token's row. */
  public <V> V project(V features, Flow<V> flow) {
    return flow.linear(down, flow.activate(Activation.GELU, flow.linear(up, features)));
  }
}
