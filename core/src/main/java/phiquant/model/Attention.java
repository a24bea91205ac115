package phiquant.model;

import java.util.Optional;

/**
 * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with its projections.
 *
 * @param qkv rows of queries, then of keys, then of values
 * @param output from the heads back to the stream
 * @param ownScale what scores are multiplied with, where it is not {@link #scale}'s usual
 * @param blocks which positions are left out, if some are
 * @param seesAhead whether a position sees those after it too, of as many as go in at once
 */
public record Attention(
    Linear qkv,
    Linear output,
    Optional<Double> ownScale,
    Optional<BlockSparse> blocks,
    boolean seesAhead) {
  /** The usual one, which sees all positions before. */
  public Attention(Linear qkv, Linear output) {
    this(qkv, output, Optional.empty(), Optional.empty());
  }

  /** One with a number of its own, or that leaves positions out. */
  public Attention(
      Linear qkv, Linear output, Optional<Double> ownScale, Optional<BlockSparse> blocks) {
    this(qkv, output, ownScale, blocks, false);
  }

  /** One between the parts of a picture, which have no order. */
  public static Attention everywhere(Linear qkv, Linear output) {
    return new Attention(qkv, output, Optional.empty(), Optional.empty(), true);
  }

  /** What scores are multiplied with: {@code 1 / √d}, unless the model has a number of its own. */
  public double scale(int headSize) {
    return ownScale.isPresent() ? ownScale.get() : 1 / Math.sqrt(headSize);
  }

  /** What it adds to the stream. */
  public <V> V of(V x, int layer, Flow<V> flow) {
    return flow.linear(output, flow.attend(this, flow.linear(qkv, x), layer));
  }
}
