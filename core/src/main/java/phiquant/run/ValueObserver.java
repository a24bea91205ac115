package phiquant.run;

/** Sees what every verb of a network gives, for grids that are fixed beforehand. */
@FunctionalInterface
public interface ValueObserver {
  /**
   * Called on one thread, verb by verb.
   *
   * @param name as {@link phiquant.model.ValueNames} has it
   * @param values shape {@code [tokens, features]}, valid during the call
   */
  void accept(String name, int tokens, float[] values);

  /**
   * What the name of an attention's rotated rows begins with: queries, keys, values side by side.
   */
  String ROTATED = "rotated ";
}
