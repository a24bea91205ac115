package phiquant.run.floats;

import phiquant.quant.VectorSupport;

/** Products of a small matrix of floats with a vector, from both sides: what attention needs. */
public interface Rows {
  /** The form to use. */
  Rows BEST = VectorSupport.available() ? new VectorRows() : new Scalar();

  /** {@code y[j] = scale · Σ_i m[j, i] · x[i]} for {@code m [count, size]}. */
  void multiply(float[] m, int count, int size, float[] x, int xAt, float scale, float[] y, int at);

  /** {@code y[i] = rescale · y[i] + Σ_j m[j, i] · x[j]} for {@code m [count, size]}. */
  void scaleAndAdd(
      float[] m, int count, int size, float[] x, int xAt, float rescale, float[] y, int at);

  /** Loops that read like the formulas. */
  final class Scalar implements Rows {
    @Override
    public void multiply(
        float[] m, int count, int size, float[] x, int xAt, float scale, float[] y, int at) {
      for (int j = 0; j < count; j++) {
        float sum = 0;
        for (int i = 0; i < size; i++) {
          sum += m[j * size + i] * x[xAt + i];
        }
        y[at + j] = sum * scale;
      }
    }

    @Override
    public void scaleAndAdd(
        float[] m, int count, int size, float[] x, int xAt, float rescale, float[] y, int at) {
      for (int i = 0; i < size; i++) {
        float sum = rescale * y[at + i];
        for (int j = 0; j < count; j++) {
          sum += m[j * size + i] * x[xAt + j];
        }
        y[at + i] = sum;
      }
    }
  }
}
