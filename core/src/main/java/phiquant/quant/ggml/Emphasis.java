package phiquant.quant.ggml;

/**
 * How much the error of each weight of a row counts: {@code a_i · √(σ² + w_i²)}, where a_i is the
 * importance of its column and σ² the mean square of the weights around, times a factor. So large
 * weights count more, but small ones are not forgotten. Source: the {@code quantize_row_*_impl}
 * functions of ggml-quants.c.
 *
 * @param importance of every column of a row
 * @param span neighbouring weights whose mean square σ² is: a block, or a whole row
 * @param factor of σ²; 0 if the importance counts alone
 */
record Emphasis(float[] importance, int span, float factor) {
  /** Sums that are gathered side by side, each in its own order. */
  private static final int SIDE = 8;

  /**
   * Weighs some rows.
   *
   * @param count weights from {@code x[from]}, whole rows
   * @param out receives what the error of each counts, from index 0
   */
  void weigh(float[] x, int from, int count, float[] out) {
    int columns = importance.length;
    if (factor == 0) {
      for (int at = 0; at < count; at += columns) {
        System.arraycopy(importance, 0, out, at, columns);
      }
      return;
    }
    float[] squares = squares(x, from, count);
    for (int s = 0; s < squares.length; s++) {
      float mean = factor * squares[s] / span;
      int at = s * span;
      weigh(x, from + at, at % columns, mean, out, at);
    }
  }

  private void weigh(float[] x, int from, int column, float mean, float[] out, int at) {
    for (int i = 0; i < span; i++) {
      float value = x[from + i];
      out[at + i] = importance[column + i] * (float) Math.sqrt(mean + value * value);
    }
  }

  /** The sum of squares of each span, added up from its first weight to its last. */
  private float[] squares(float[] x, int from, int count) {
    float[] sums = new float[count / span];
    int done = sums.length - sums.length % SIDE;
    for (int s = 0; s < done; s += SIDE) {
      together(x, from + s * span, sums, s);
    }
    for (int s = done; s < sums.length; s++) {
      float sum = 0;
      for (int i = from + s * span; i < from + (s + 1) * span; i++) {
        sum += x[i] * x[i];
      }
      sums[s] = sum;
    }
    return sums;
  }

  /** Eight sums at once: one alone would wait for every addition to end. */
  private void together(float[] x, int from, float[] sums, int at) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    for (int i = from; i < from + span; i++) {
      a += x[i] * x[i];
      b += x[i + span] * x[i + span];
      c += x[i + 2 * span] * x[i + 2 * span];
      d += x[i + 3 * span] * x[i + 3 * span];
      e += x[i + 4 * span] * x[i + 4 * span];
      f += x[i + 5 * span] * x[i + 5 * span];
      g += x[i + 6 * span] * x[i + 6 * span];
      h += x[i + 7 * span] * x[i + 7 * span];
    }
    sums[at] = a;
    sums[at + 1] = b;
    sums[at + 2] = c;
    sums[at + 3] = d;
    sums[at + 4] = e;
    sums[at + 5] = f;
    sums[at + 6] = g;
    sums[at + 7] = h;
  }
}
