package phiquant.quant.ggml;

/**
 * The search for a scale and a minimum, {@code w ≈ scale · l - min}, l from 0 to a largest level,
 * that K-quants with a minimum share. Candidates stretch the grid a little; for each the levels are
 * assigned, scale and minimum follow by weighted least squares, and the candidate of smallest error
 * wins. The minimum is never negative, so zero is always representable. Source: {@code
 * make_qkx2_quants} of ggml-quants.c.
 *
 * @param group weights in a group
 * @param levels the largest level
 * @param first stretch of the first candidate
 * @param step by which the stretch grows
 * @param steps candidates after the first
 * @param absolute whether errors count by magnitude instead of squared, and weights by theirs
 */
public record AffineSearch(
    int group, int levels, float first, float step, int steps, boolean absolute) {
  public static final AffineSearch Q2_K = new AffineSearch(16, 3, -0.5f, 0.1f, 15, true);
  public static final AffineSearch Q4_K = new AffineSearch(32, 15, -1f, 0.1f, 20, false);
  public static final AffineSearch Q5_K = new AffineSearch(32, 31, -0.5f, 0.1f, 15, false);

  /**
   * What the search finds.
   *
   * @param min what is subtracted, not negative
   */
  public record Grid(float scale, float min) {}

  /**
   * Searches for the weights of one group.
   *
   * @param l receives the levels
   */
  Grid find(float[] x, int from, byte[] l, int at) {
    int n = group;
    float[] weights = importance(x, from);
    float min = x[from];
    float max = x[from];
    float sumW = weights[0];
    float sumX = sumW * x[from];
    for (int i = 1; i < n; i++) {
      float value = x[from + i];
      if (value < min) {
        min = value;
      }
      if (value > max) {
        max = value;
      }
      sumW += weights[i];
      sumX += weights[i] * value;
    }
    if (min > 0) {
      min = 0;
    }
    if (max == min) {
      java.util.Arrays.fill(l, at, at + n, (byte) 0);
      return new Grid(0, -min);
    }
    float inverse = levels / (max - min);
    float scale = 1 / inverse;
    float best = 0;
    for (int i = 0; i < n; i++) {
      l[at + i] = (byte) level(inverse * (x[from + i] - min));
      best += weights[i] * loss(scale * l[at + i] + min - x[from + i]);
    }
    byte[] candidate = new byte[n];
    for (int is = 0; is <= steps; is++) {
      inverse = (first + step * is + levels) / (max - min);
      float sumL = 0;
      float sumL2 = 0;
      float sumXl = 0;
      for (int i = 0; i < n; i++) {
        int level = level(inverse * (x[from + i] - min));
        candidate[i] = (byte) level;
        float w = weights[i];
        sumL += w * level;
        sumL2 += w * level * level;
        sumXl += w * level * x[from + i];
      }
      float determinant = sumW * sumL2 - sumL * sumL;
      if (determinant > 0) {
        float thisScale = (sumW * sumXl - sumX * sumL) / determinant;
        float thisMin = (sumL2 * sumX - sumL * sumXl) / determinant;
        if (thisMin > 0) {
          thisMin = 0;
          thisScale = sumXl / sumL2;
        }
        float error = 0;
        for (int i = 0; i < n; i++) {
          error += weights[i] * loss(thisScale * candidate[i] + thisMin - x[from + i]);
        }
        if (error < best) {
          System.arraycopy(candidate, 0, l, at, n);
          best = error;
          scale = thisScale;
          min = thisMin;
        }
      }
    }
    return new Grid(scale, -min);
  }

  /** The importance of weights: their magnitude, in Q4_K and Q5_K plus their root mean square. */
  private float[] importance(float[] x, int from) {
    float mean = 0;
    if (!absolute) {
      float sum = 0;
      for (int i = 0; i < group; i++) {
        sum += x[from + i] * x[from + i];
      }
      mean = (float) Math.sqrt(sum / group);
    }
    float[] weights = new float[group];
    for (int i = 0; i < group; i++) {
      weights[i] = mean + Math.abs(x[from + i]);
    }
    return weights;
  }

  private int level(float x) {
    return Math.max(0, Math.min(levels, Rounding.nearest(x)));
  }

  private float loss(float difference) {
    return absolute ? Math.abs(difference) : difference * difference;
  }
}
