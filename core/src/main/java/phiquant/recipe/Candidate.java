package phiquant.recipe;

import phiquant.checkpoint.StoredTensor;

/**
 * A number format that an engine can give a weight: what it costs, and what is left of the numbers.
 * Holds no state that changes; used by many threads.
 */
public interface Candidate {
  /** As its engine names it: {@code Q4_K}. */
  String format();

  /** Whether it can hold rows of so many columns. */
  boolean fits(long columns);

  /** Bytes that a matrix of that shape takes. */
  long bytes(StoredTensor matrix);

  /** It, as a recipe's choice for a matrix. */
  default Recipe.Choice choice(StoredTensor matrix) {
    return new Recipe.Choice(format(), 8.0 * bytes(matrix) / matrix.elements());
  }

  /**
   * Rounds whole rows to what the engine will compute with.
   *
   * @param x {@code [rows, columns]}
   * @param importance how much each column counts, or null if nothing is known
   */
  void round(float[] x, int rows, int columns, float[] importance);
}
