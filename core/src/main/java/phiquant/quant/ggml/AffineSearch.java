package phiquant.quant.ggml;

/**
 * The search for a scale and a minimum, {@code w ≈ scale · l - min}, l from 0 to a largest level,
 * that formats with a minimum share. Candidates stretch the grid a little; for each the levels are
 * assigned, scale and minimum follow by weighted least squares, and the candidate of smallest error
 * wins. The minimum is never negative, so zero is always representable. Source: {@code
 * make_qkx2_quants} and {@code make_qkx3_quants} of ggml-quants.c.
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

  /** For errors that are weighted from outside: more candidates, squared errors. */
  public static AffineSearch weighted(int group, int levels) {
    return new AffineSearch(group, levels, -0.9f, 0.05f, 36, false);
  }

  /**
   * Searches for the grid of one group.
   *
   * @param weights how much errors count, from index {@code at}; null for this search's own rule
   * @param out receives the grid at index g
   */
  public void find(float[] x, int from, float[] weights, int at, Grids out, int g) {
    if (weights == null) {
      find(x, from, importance(x, from), 0, out, g);
      return;
    }
    int n = group;
    float min = x[from];
    float max = x[from];
    float sumW = weights[at];
    float sumX = sumW * x[from];
    for (int i = 1; i < n; i++) {
      float value = x[from + i];
      if (value < min) {
        min = value;
      }
      if (value > max) {
        max = value;
      }
      sumW += weights[at + i];
      sumX += weights[at + i] * value;
    }
    if (min > 0) {
      min = 0;
    }
    if (max == min) {
      out.set(g, 0, -min, 0, min);
      return;
    }
    float inverse = levels / (max - min);
    float scale = 1 / inverse;
    float best = 0;
    for (int i = 0; i < n; i++) {
      int level = level(inverse * (x[from + i] - min));
      best += weights[at + i] * loss(scale * level + min - x[from + i]);
    }
    float bestInverse = inverse;
    float bestBase = min;
    int[] l = new int[n];
    for (int is = 0; is <= steps; is++) {
      inverse = (first + step * is + levels) / (max - min);
      float sumL = 0;
      float sumL2 = 0;
      float sumXl = 0;
      for (int i = 0; i < n; i++) {
        int level = level(inverse * (x[from + i] - min));
        l[i] = level;
        float w = weights[at + i];
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
          error += weights[at + i] * loss(thisScale * l[i] + thisMin - x[from + i]);
        }
        if (error < best) {
          best = error;
          scale = thisScale;
          bestInverse = inverse;
          bestBase = min;
          min = thisMin;
        }
      }
    }
    out.set(g, scale, -min, bestInverse, bestBase);
  }

  /** The levels that the search gave a group's weights: those of the candidate that won. */
  public void levels(float[] x, int from, Grids grids, int g, byte[] l, int at) {
    for (int i = 0; i < group; i++) {
      l[at + i] = (byte) level(grids.inverses[g] * (x[from + i] - grids.bases[g]));
    }
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
