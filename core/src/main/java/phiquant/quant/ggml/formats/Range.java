package phiquant.quant.ggml.formats;

/** The smallest and the largest weight of a block. */
record Range(float min, float max) {
  static Range of(float[] x, int from, int count) {
    float min = Float.MAX_VALUE;
    float max = -Float.MAX_VALUE;
    for (int i = from; i < from + count; i++) {
      if (x[i] < min) {
        min = x[i];
      }
      if (x[i] > max) {
        max = x[i];
      }
    }
    return new Range(min, max);
  }

  float width() {
    return max - min;
  }
}
