package phiquant.quant.ggml;

import java.util.Arrays;

/**
 * The sixteen levels of IQ4_NL and IQ4_XS, denser near zero where weights are, and the search for
 * the scale of 32 weights. Candidates map the largest weight to the values around the lowest level;
 * for each the levels are assigned and the best scale follows by weighted least squares. Source:
 * {@code kvalues_iq4nl} and {@code quantize_row_iq4_nl_impl} of ggml.
 */
public final class NonLinear {
  public static final int[] VALUES = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Weights below this are taken for zeros (GROUP_MAX_EPS). */
  private static final float EPSILON = 1e-15f;

  private static final int TRIES = 7;

  /**
   * The nearest level of all x from i / 2 to (i + 1) / 2, at i + 256: the middles between levels,
   * where it changes, are multiples of one half. ggml compares the distances to both neighbours,
   * which are exact near the middle.
   */
  private static final byte[] NEAREST = new byte[512];

  static {
    for (int level = 1; level < 16; level++) {
      Arrays.fill(NEAREST, VALUES[level - 1] + VALUES[level] + 256, 512, (byte) level);
    }
  }

  private NonLinear() {}

  /** The index of the nearest level, of two that are equally near the upper one. */
  public static int nearest(float x) {
    if (x <= VALUES[0]) {
      return 0;
    }
    return x < VALUES[15] ? NEAREST[(int) Math.floor(2 * x) + 256] : 15;
  }

  /**
   * The scale of 32 weights, 0 if they are zeros.
   *
   * @param weights how much errors count, from index {@code at}; null if by the weights' squares
   */
  public static float scale(float[] x, int from, float[] weights, int at) {
    float max = GgmlBlock.extreme(x, from, 32);
    if (Math.abs(max) < EPSILON) {
      return 0;
    }
    float scale = 0;
    float best = 0;
    float first = 1 / (-max / VALUES[0]);
    for (int attempt = -TRIES - 1; attempt <= TRIES; attempt++) {
      float inverse = attempt < -TRIES ? first : (attempt + VALUES[0]) / max;
      float sumQx = 0;
      float sumQ2 = 0;
      for (int i = 0; i < 32; i++) {
        float value = x[from + i];
        float q = VALUES[nearest(inverse * value)];
        float weight = weights == null ? value * value : weights[at + i];
        sumQx += weight * q * value;
        sumQ2 += weight * q * q;
      }
      if (attempt < -TRIES) {
        scale = sumQ2 > 0 ? sumQx / sumQ2 : 0;
        best = scale * sumQx;
      } else if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
        scale = sumQx / sumQ2;
        best = scale * sumQx;
      }
    }
    return scale;
  }
}
