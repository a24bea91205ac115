package phiquant.checkpoint;

/**
 * Where weights come from while a pass reads them. Files that lie at hand can be read in any order;
 * what comes over a network comes in its own, and is let go when nobody reads it any more.
 */
public interface WeightSource {
  /**
   * Checks that the weights still are what they were when they were opened, as far as is known now.
   *
   * @throws phiquant.UserError naming a file that was changed, cut, replaced or removed
   */
  void requireUnchanged();

  /**
   * A pass begins that reads in the order of {@link StoredTensor#position}.
   *
   * @param span bytes of the largest tensor that is read more than once, or across its rows
   * @throws phiquant.UserError if so much cannot be held
   */
  default void begin(long span) {}

  /** Nothing before that position will be read any more. */
  default void passed(long position) {}

  /**
   * Checks that every byte was what it should be, once all are read.
   *
   * @throws phiquant.UserError naming a file that was not
   */
  default void requireWhole() {
    requireUnchanged();
  }
}
