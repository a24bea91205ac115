package phiquant.run.floats;

/**
 * Root mean square normalization, {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019,
 * arXiv:1910.07467).
 */
public final class RootMeanSquare {
  private RootMeanSquare() {}

  /**
   * Of tokens whose features lie apart.
   *
   * @param x {@code [features, width]}
   * @param out the same shape; may be {@code x}
   */
  public static void of(float[] x, int width, float[] weight, double epsilon, float[] out) {
    float[] scale = new float[width];
    for (int i = 0; i < x.length; i += width) {
      for (int t = 0; t < width; t++) {
        scale[t] += x[i + t] * x[i + t];
      }
    }
    for (int t = 0; t < width; t++) {
      scale[t] = (float) (1 / Math.sqrt(scale[t] / weight.length + epsilon));
    }
    for (int k = 0, i = 0; k < weight.length; k++, i += width) {
      for (int t = 0; t < width; t++) {
        out[i + t] = x[i + t] * scale[t] * weight[k];
      }
    }
  }
}
