package phiquant.model;

/**
 * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with its projections.
 *
 * @param qkv rows of queries, then of keys, then of values
 * @param output from the heads back to the stream
 */
public record Attention(Linear qkv, Linear output) {
  /** What it adds to the stream. */
  public <V> V of(V x, int layer, Flow<V> flow) {
    return flow.linear(output, flow.attend(this, flow.linear(qkv, x), layer));
  }
}
