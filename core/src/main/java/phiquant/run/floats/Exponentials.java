package phiquant.run.floats;

import phiquant.quant.VectorSupport;

/**
 * The places where a transformer needs {@code e^x} many times: SwiGLU, GELU and softmax. The vector
 * form computes it with a polynomial, because a call for every number would cost as much as the
 * matrices.
 */
public interface Exponentials {
  /** {@code 2 √(2/π)}. */
  float TWICE_ROOT = 1.5957691f;

  /** {@code 2 √(2/π) · 0.044715}. */
  float TWICE_CUBE = 0.071354816f;

  /** Of CLIP's {@code quick_gelu}. */
  float SIGMOID = 1.702f;

  /** The form to use. */
  Exponentials BEST = VectorSupport.available() ? new VectorExponentials() : new Scalar();

  /** {@code out[i] = swish(gate[i]) · up[i]}, with {@code swish(g) = g / (1 + e^-g)}. */
  void swiGlu(float[] gate, int gateAt, float[] up, int upAt, float[] out, int at, int count);

  /**
   * {@code out[i] = x/2 · (1 + tanh(u))} of {@code x[i]}, with {@code u = √(2/π) · (x + 0.044715
   * x³)}, which is {@code x / (1 + e^-2u)}.
   */
  default void gelu(float[] x, int from, float[] out, int at, int count) {
    gelu(TWICE_ROOT, TWICE_CUBE, x, from, out, at, count);
  }

  /** {@code out[i] = x / (1 + e^-(root · x + cube · x³))} of {@code x[i]}. */
  void gelu(float root, float cube, float[] x, int from, float[] out, int at, int count);

  /** {@code x[i] = e^(x[i] - max)}; returns their sum. */
  float softmax(float[] x, int at, int count, float max);

  /**
   * One step of a softmax that runs over the rows of a panel, for each column t by itself. Takes
   * {@code rows} more scores in, {@code max[t]} becoming the largest so far, {@code x[r, t] =
   * e^(x[r, t] - max[t])}, and {@code sum[t]} the sum of all exponentials so far.
   *
   * @param x {@code [rows, width]}
   * @param rescale receives what sums of earlier rows have to be multiplied by, {@code [width]}
   */
  void softmax(float[] x, int rows, int width, float[] max, float[] sum, int at, float[] rescale);

  /** With the JDK's exponential. */
  final class Scalar implements Exponentials {
    @Override
    public void swiGlu(
        float[] gate, int gateAt, float[] up, int upAt, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        float g = gate[gateAt + i];
        out[at + i] = g / (1 + exp(-g)) * up[upAt + i];
      }
    }

    @Override
    public void gelu(float root, float cube, float[] x, int from, float[] out, int at, int count) {
      for (int i = 0; i < count; i++) {
        float v = x[from + i];
        out[at + i] = v / (1 + exp(-(v * (root + cube * (v * v)))));
      }
    }

    @Override
    public float softmax(float[] x, int at, int count, float max) {
      float sum = 0;
      for (int i = at; i < at + count; i++) {
        x[i] = exp(x[i] - max);
        sum += x[i];
      }
      return sum;
    }

    @Override
    public void softmax(
        float[] x, int rows, int width, float[] max, float[] sum, int at, float[] rescale) {
      for (int t = 0; t < width; t++) {
        float largest = max[at + t];
        for (int r = 0; r < rows; r++) {
          largest = Math.max(largest, x[r * width + t]);
        }
        rescale[t] = exp(max[at + t] - largest);
        float total = sum[at + t] * rescale[t];
        for (int r = 0; r < rows; r++) {
          float e = exp(x[r * width + t] - largest);
          x[r * width + t] = e;
          total += e;
        }
        max[at + t] = largest;
        sum[at + t] = total;
      }
    }

    private static float exp(float x) {
      return (float) Math.exp(x);
    }
  }
}
