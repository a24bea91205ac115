package phiquant.model.vision;

import java.util.List;
import phiquant.model.Block;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Weight;

/**
 * A vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929) in verbs: patches of a tile go
 * in as tokens, all see all. The first token is no patch: its pixels are 0, and its row of the
 * positions has the class embedding in it.
 *
 * @param config its sizes, as a text model's; no position is rotated
 * @param patches from a patch's pixels to features
 * @param positions added to them; a row for each token
 * @param first the norm before all blocks
 * @param blocks those whose output is used
 */
public record Tower(
    PhiConfig config, Linear patches, Weight positions, Norm first, List<Block> blocks) {
  /**
   * Features of each token after the last block.
   *
   * @param pixels of the patches, with one token of zeros before them
   */
  public <V> V of(V pixels, Flow<V> flow) {
    V x = flow.add(flow.embed(positions), flow.linear(patches, pixels));
    x = flow.norm(first, x);
    for (int layer = 0; layer < blocks.size(); layer++) {
      x = blocks.get(layer).of(x, 0, flow);
    }
    return x;
  }

  /** Tokens of a tile. */
  public int tokens() {
    return config.contextLength();
  }

  /** Pixels' numbers of a patch: red, green and blue. */
  public int patchSize() {
    return Math.toIntExact(patches.matrix().columns());
  }
}
