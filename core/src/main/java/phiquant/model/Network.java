package phiquant.model;

import java.util.List;

/**
 * A language model in verbs: what all consumers run, whatever they make of it. The two halves are
 * apart because between them tokens are chosen: logits are wanted of the last one, or of all.
 *
 * @param embedding shape [vocabulary, hidden]
 * @param blocks from the first to the last
 * @param outputNorm before the head
 * @param head its weight is the embedding where the two are tied
 */
public record Network(Weight embedding, List<Block> blocks, Norm outputNorm, Linear head) {
  /** From tokens to the stream after the last block. */
  public <V> V stream(Flow<V> flow) {
    V x = flow.embed(embedding);
    for (int layer = 0; layer < blocks.size(); layer++) {
      x = blocks.get(layer).of(x, layer, flow);
    }
    return x;
  }

  /** From the stream to logits. */
  public <V> V logits(V stream, Flow<V> flow) {
    return flow.head(head, flow.norm(outputNorm, stream));
  }
}
