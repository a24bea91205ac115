package phiquant.quant.ggml;

/**
 * The search for the scale of numbers that are not negative, {@code w ≈ scale · l}, l from 0 to a
 * largest level: nine grids by squared error, then each level moves where that lowers the error, up
 * to five times over. Scales and minimums of groups are quantized so. Source: {@code
 * make_qp_quants} of ggml-quants.c, which keeps levels as unsigned bytes.
 */
public final class PositiveSearch {
  private static final float EPSILON = 1e-15f;

  private PositiveSearch() {}

  /**
   * The scale of {@code n} numbers, 0 if they are zeros.
   *
   * @param top the largest level
   * @param weights how much errors count, from index {@code at}
   * @param l receives the levels
   */
  public static float find(int n, int top, float[] x, int from, float[] weights, int at, int[] l) {
    float max = 0;
    for (int i = from; i < from + n; i++) {
      max = max > x[i] ? max : x[i];
    }
    if (max < EPSILON) {
      java.util.Arrays.fill(l, 0, n, 0);
      return 0;
    }
    float inverse = bestInverse(n, top, max, x, from, weights, at);
    float sumLx = 0;
    float sumL2 = 0;
    for (int i = 0; i < n; i++) {
      int level = Math.min(top, Rounding.nearest(inverse * x[from + i]));
      l[i] = level & 255;
      float w = weights[at + i];
      sumLx += w * x[from + i] * level;
      sumL2 += w * level * level;
    }
    for (int round = 0; round < 5; round++) {
      boolean changed = false;
      for (int i = 0; i < n; i++) {
        float w = weights[at + i];
        float value = x[from + i];
        float slx = sumLx - w * value * l[i];
        float sl2 = sumL2 - w * l[i] * l[i];
        if (slx > 0 && sl2 > 0) {
          int level = Math.min(top, Rounding.nearest(value * sl2 / slx));
          if (level != l[i]) {
            slx += w * value * level;
            sl2 += w * level * level;
            if (slx * slx * sumL2 > sumLx * sumLx * sl2) {
              l[i] = level & 255;
              sumLx = slx;
              sumL2 = sl2;
              changed = true;
            }
          }
        }
      }
      if (!changed) {
        break;
      }
    }
    return sumL2 > 0 ? sumLx / sumL2 : 0;
  }

  private static float bestInverse(
      int n, int top, float max, float[] x, int from, float[] weights, int at) {
    float best = 0;
    float bestInverse = top / max;
    float scale = 1 / bestInverse;
    for (int i = 0; i < n; i++) {
      int level = Rounding.nearest(bestInverse * x[from + i]) & 255;
      float difference = x[from + i] - scale * level;
      best += weights[at + i] * difference * difference;
    }
    for (int attempt = -4; attempt <= 4; attempt++) {
      if (attempt == 0) {
        continue;
      }
      float inverse = (0.1f * attempt + top) / max;
      scale = 1 / inverse;
      float error = 0;
      for (int i = 0; i < n; i++) {
        int level = Math.min(top, Rounding.nearest(inverse * x[from + i]));
        float difference = x[from + i] - scale * level;
        error += weights[at + i] * difference * difference;
      }
      if (error < best) {
        best = error;
        bestInverse = inverse;
      }
    }
    return bestInverse;
  }
}
