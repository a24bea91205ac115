package phiquant.model;

import java.util.List;
import java.util.function.Function;

/**
 * Feed-forward parts of which each token takes a few (Shazeer et al. 2017, arXiv:1701.06538), and
 * the router that scores them.
 *
 * @param router one score for each expert
 * @param all the experts in the router's order, of the same widths
 * @param mixer how scores become a choice and weights
 */
public record Experts(Linear router, List<Mlp> all, SparseMixer mixer) {
  /** All gates, {@code [experts, features out, features in]}. */
  public Weight gates() {
    return piled(expert -> expert.gateUp().weights().getFirst());
  }

  /** All ups, of the same shape. */
  public Weight ups() {
    return piled(expert -> expert.gateUp().weights().getLast());
  }

  /** All downs, {@code [experts, hidden, features]}. */
  public Weight downs() {
    return piled(expert -> expert.down().weights().getFirst());
  }

  private Weight piled(Function<Mlp, Weight> one) {
    return Weight.piled(all.stream().map(one).toList());
  }

  /** What they add to the stream. */
  public <V> V of(V x, Flow<V> flow) {
    return flow.experts(this, x, flow.linear(router, x));
  }
}
