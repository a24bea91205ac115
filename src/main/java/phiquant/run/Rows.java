package phiquant.run;

/** Products of a small matrix of floats with a vector, from both sides: what attention needs. */
final class Rows {
  private Rows() {}

  /** {@code y[j] = scale · Σ_i m[j, i] · x[i]} for {@code m [count, size]}. */
  static void multiply(
      float[] m, int count, int size, float[] x, int xAt, float scale, float[] y, int yAt) {
    for (int j = 0; j < count; j++) {
      float sum = 0;
      for (int i = 0; i < size; i++) {
        sum += m[j * size + i] * x[xAt + i];
      }
      y[yAt + j] = sum * scale;
    }
  }

  /** {@code y[i] = rescale · y[i] + Σ_j m[j, i] · x[j]} for {@code m [count, size]}. */
  static void scaleAndAdd(
      float[] m, int count, int size, float[] x, int xAt, float rescale, float[] y, int yAt) {
    for (int i = 0; i < size; i++) {
      y[yAt + i] *= rescale;
    }
    for (int j = 0; j < count; j++) {
      float weight = x[xAt + j];
      for (int i = 0; i < size; i++) {
        y[yAt + i] += weight * m[j * size + i];
      }
    }
  }
}
