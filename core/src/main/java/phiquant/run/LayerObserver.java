package phiquant.run;

import phiquant.model.Weight;

/** Sees the inputs of every linear layer, for calibration and static activation ranges. */
@FunctionalInterface
public interface LayerObserver {
  /**
   * Called on one thread, layer by layer, before the inputs are rounded and multiplied.
   *
   * @param weight the matrix that they will be multiplied by
   * @param inputs shape {@code [tokens, columns]}, valid during the call
   */
  void accept(Weight weight, int tokens, float[] inputs);
}
