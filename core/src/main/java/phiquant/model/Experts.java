package phiquant.model;

import java.util.List;

/**
 * Feed-forward parts of which each token takes a few (Shazeer et al. 2017, arXiv:1701.06538), and
 * the router that scores them.
 *
 * @param router one score for each expert
 * @param all the experts in the router's order, of the same widths
 * @param mixer how scores become a choice and weights
 */
public record Experts(Linear router, List<Mlp> all, SparseMixer mixer) {
  /** What they add to the stream. */
  public <V> V of(V x, Flow<V> flow) {
    return flow.experts(this, x, flow.linear(router, x));
  }
}
