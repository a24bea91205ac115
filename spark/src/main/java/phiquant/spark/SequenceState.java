package phiquant.spark;

import java.io.Serializable;
import phiquant.importance.PartialSums;

/**
 * A sequence between two layers.
 *
 * @param rows {@code [tokens, hidden]}: what came out of the layer, or out of the embedding
 * @param sums what the layer's weights were multiplied with; null before the first
 */
record SequenceState(int length, float[] rows, PartialSums sums) implements Serializable {
  static SequenceState first(ModelSource model, int[] tokens) {
    return new SequenceState(tokens.length, SequenceBench.of(model).embed(tokens), null);
  }

  /** The same after a layer; this one stays, for whoever does it again. */
  SequenceState after(ModelSource model, int layer) {
    float[] through = rows.clone();
    PartialSums seen = SequenceBench.of(model).pass(layer, length, through);
    return new SequenceState(length, through, seen);
  }
}
