package phiquant.importance;

import java.util.function.Consumer;
import phiquant.model.PhiModel;

/** How a text is taken through a model's layers, if not by this process alone. */
public interface Passage {
  /**
   * Takes all sequences through one layer before the next.
   *
   * @param sequences tokens, all of one length
   * @param layer gets the sums over all sequences, added in their order, of each layer and of the
   *     head
   */
  void run(PhiModel model, int[][] sequences, Consumer<PartialSums> layer);
}
