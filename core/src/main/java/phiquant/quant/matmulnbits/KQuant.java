package phiquant.quant.matmulnbits;

/**
 * The algorithm {@code k_quant}: ggml's search for a grid with a minimum as ONNX Runtime carries it
 * ({@code quant_tensor_k_quant_cpu} in {@code
 * onnxruntime/quantization/neural_compressor/weight_only.py}). Twenty candidates stretch the grid a
 * little; for each the levels are assigned, scale and minimum follow by least squares, weighted by
 * {@code |w|} plus the root mean square, and the candidate of smallest error wins. All in float
 * arithmetic, sums in numpy's order ({@link PairwiseSum}). Then
 *
 * <pre>
 *   zero point = clamp(rint(-minimum / scale)), codes as in {@link RoundToNearest}
 * </pre>
 *
 * <p>Unlike ggml's original the minimum may be positive, and a candidate's range begins at the best
 * minimum so far. If all weights are the same, the scale is 1.
 */
final class KQuant implements Blocks {
  /** How many candidates there are. */
  static final int STEPS = 20;

  @Override
  public void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] codes,
      float[] scales,
      int[] zeroPoints,
      int at) {
    int block = format.block();
    float[] w = new float[block];
    for (int b = 0; b < count; b++) {
      System.arraycopy(x, from + b * block, w, 0, block);
      Line line = search(w, format.top());
      zeroPoints[at + b] = RoundToNearest.code(-line.min / line.scale, format.top());
      scales[at + b] = line.scale;
      RoundToNearest.codes(format, w, 0, line.scale, zeroPoints[at + b], codes, b * block);
    }
  }

  /** How far the grid of a candidate reaches, in levels. */
  static float reach(int step, int top) {
    return (float) (-1 + 0.1 * step + top);
  }

  /** {@code w ≈ scale * level + min}. */
  private record Line(float scale, float min) {}

  private static Line search(float[] x, int top) {
    int n = x.length;
    float[] weights = importance(x);
    float[] terms = new float[n];
    float min = x[0];
    float max = min;
    for (float v : x) {
      min = Math.min(min, v);
      max = Math.max(max, v);
    }
    float sumW = PairwiseSum.of(weights, n);
    for (int i = 0; i < n; i++) {
      terms[i] = weights[i] * x[i];
    }
    float sumX = PairwiseSum.of(terms, n);
    float[] levels = new float[n];
    float inverse = levels(x, min, max, top, top, levels);
    float scale = 1 / inverse;
    float best = error(x, weights, levels, scale, min, terms);
    for (int step = 0; step < STEPS; step++) {
      levels(x, min, max, reach(step, top), top, levels);
      for (int i = 0; i < n; i++) {
        terms[i] = weights[i] * levels[i];
      }
      float sumL = PairwiseSum.of(terms, n);
      for (int i = 0; i < n; i++) {
        terms[i] = weights[i] * levels[i] * levels[i];
      }
      float sumL2 = PairwiseSum.of(terms, n);
      for (int i = 0; i < n; i++) {
        terms[i] = weights[i] * levels[i] * x[i];
      }
      float sumXl = PairwiseSum.of(terms, n);
      float determinant = sumW * sumL2 - sumL * sumL;
      float thisScale = (sumW * sumXl - sumX * sumL) / determinant;
      float thisMin = (sumL2 * sumX - sumL * sumXl) / determinant;
      float error = error(x, weights, levels, thisScale, thisMin, terms);
      if (error < best) {
        best = error;
        scale = thisScale;
        min = thisMin;
      }
    }
    return new Line(scale, min);
  }

  /** The importance of weights: their magnitude plus their root mean square. */
  private static float[] importance(float[] x) {
    float[] weights = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      weights[i] = x[i] * x[i];
    }
    float mean = (float) Math.sqrt(PairwiseSum.of(weights, x.length) / x.length);
    for (int i = 0; i < x.length; i++) {
      weights[i] = mean + Math.abs(x[i]);
    }
    return weights;
  }

  /** Assigns the nearest levels; returns levels per unit. */
  private static float levels(
      float[] x, float min, float max, float reach, int top, float[] levels) {
    float inverse = min == max ? 1 : reach / (max - min);
    for (int i = 0; i < x.length; i++) {
      float level = (float) Math.rint(inverse * (x[i] - min));
      // What is not a number stays so and loses.
      levels[i] = level < 0 ? 0 : level > top ? top : level;
    }
    return inverse;
  }

  private static float error(
      float[] x, float[] weights, float[] levels, float scale, float min, float[] terms) {
    for (int i = 0; i < x.length; i++) {
      float difference = scale * levels[i] + min - x[i];
      terms[i] = weights[i] * (difference * difference);
    }
    return PairwiseSum.of(terms, x.length);
  }
}
