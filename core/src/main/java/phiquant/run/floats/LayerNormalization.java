package phiquant.run.floats;

/**
 * Layer normalization, {@code w · (x - mean(x)) / sqrt(mean((x - mean(x))²) + ε) + b} (Ba et al.
 * 2016, arXiv:1607.06450). Means are taken in 64 bits and in the order of the features, so that
 * they are the same on every machine.
 */
public final class LayerNormalization {
  private LayerNormalization() {}

  /**
   * Of tokens whose features lie apart.
   *
   * @param x {@code [features, width]}
   * @param out the same shape; may be {@code x}
   */
  public static void of(
      float[] x, int width, float[] weight, float[] bias, double epsilon, float[] out) {
    for (int t = 0; t < width; t++) {
      double sum = 0;
      for (int i = t; i < x.length; i += width) {
        sum += x[i];
      }
      double mean = sum / weight.length;
      double squares = 0;
      for (int i = t; i < x.length; i += width) {
        double apart = x[i] - mean;
        squares += apart * apart;
      }
      double scale = 1 / Math.sqrt(squares / weight.length + epsilon);
      for (int k = 0, i = t; k < weight.length; k++, i += width) {
        out[i] = (float) ((x[i] - mean) * scale) * weight[k] + bias[k];
      }
    }
  }
}
