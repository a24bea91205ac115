package phiquant.quant.ggml;

/**
 * The grids that an {@link AffineSearch} found for neighbouring groups, {@code w ≈ scale · l -
 * min}. The levels l are those of the candidate that won: (w - base) · inverse, rounded.
 */
public final class Grids {
  public final float[] scales;
  public final float[] mins;
  public final float[] inverses;
  public final float[] bases;

  /** Room for so many groups. */
  public Grids(int groups) {
    scales = new float[groups];
    mins = new float[groups];
    inverses = new float[groups];
    bases = new float[groups];
  }

  void set(int group, float scale, float min, float inverse, float base) {
    scales[group] = scale;
    mins[group] = min;
    inverses[group] = inverse;
    bases[group] = base;
  }
}
