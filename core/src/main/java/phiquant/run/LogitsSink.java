package phiquant.run;

/** Receives the logits after each token of a sequence. */
@FunctionalInterface
public interface LogitsSink {
  /**
   * Called in order.
   *
   * @param index of the token among those given, from 0
   * @param logits one for each token of the vocabulary; the array is used again for the next
   */
  void accept(int index, float[] logits);
}
