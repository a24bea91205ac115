package phiquant.model;

/**
 * Where in a transformer something is.
 *
 * @param role what it does there
 * @param layer from 0, or -1 outside of layers
 */
public record Place(Role role, int layer) {
  /** A place outside of layers. */
  public static Place of(Role role) {
    return new Place(role, -1);
  }
}
