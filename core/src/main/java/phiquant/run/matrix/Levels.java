package phiquant.run.matrix;

import phiquant.quant.VectorSupport;

/** The arithmetic of {@link ActivationRounding} to int8: {@code x = round(x · inverse) · step}. */
interface Levels {
  /** The form to use. */
  Levels BEST = VectorSupport.available() ? new VectorLevels() : new Scalar();

  /** Adding and subtracting 1.5 · 2^23 rounds a float below 2^22 to the nearest even integer. */
  float ROUND = 12582912f;

  /** The largest magnitude of {@code count} numbers. */
  float largest(float[] x, int at, int count);

  /** Rounds {@code count} numbers that share a scale. */
  void round(float[] x, int at, int count, float inverse, float step);

  /**
   * Largest magnitudes of the columns of a panel: {@code max[t] = max_i |x[at + i · WIDTH + t]|}.
   */
  void largest(float[] x, int at, int count, float[] max);

  /** Rounds the columns of a panel, each with its own scale. */
  void roundColumns(float[] x, int at, int count, float[] inverse, float[] step);

  /** One number after the other. */
  final class Scalar implements Levels {
    @Override
    public float largest(float[] x, int at, int count) {
      float max = 0;
      for (int i = at; i < at + count; i++) {
        max = Math.max(max, Math.abs(x[i]));
      }
      return max;
    }

    @Override
    public void round(float[] x, int at, int count, float inverse, float step) {
      for (int i = at; i < at + count; i++) {
        x[i] = (x[i] * inverse + ROUND - ROUND) * step;
      }
    }

    @Override
    public void largest(float[] x, int at, int count, float[] max) {
      java.util.Arrays.fill(max, 0);
      for (int i = at; i < at + count; i++) {
        max[(i - at) % max.length] = Math.max(max[(i - at) % max.length], Math.abs(x[i]));
      }
    }

    @Override
    public void roundColumns(float[] x, int at, int count, float[] inverse, float[] step) {
      for (int i = at; i < at + count; i++) {
        int t = (i - at) % step.length;
        x[i] = (x[i] * inverse[t] + ROUND - ROUND) * step[t];
      }
    }
  }
}
