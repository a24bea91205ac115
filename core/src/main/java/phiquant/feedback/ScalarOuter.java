package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

/** The form that reads like the formula. */
final class ScalarOuter implements Outer {
  @Override
  public void add(float[] a, float[] b, int from, int to, float[] out, int at) {
    for (int i = 0; i < WIDTH; i++) {
      addRow(a, i, b, from, to, out, at + i * WIDTH);
    }
  }

  @Override
  public void subtract(double[] a, double[] b, int from, int to, double[] out, int at) {
    for (int t = from; t < to; t++) {
      for (int i = 0; i < WIDTH; i++) {
        double factor = -a[t * WIDTH + i];
        for (int j = 0; j < WIDTH; j++) {
          int place = at + i * WIDTH + j;
          out[place] = Math.fma(factor, b[t * WIDTH + j], out[place]);
        }
      }
    }
  }

  @Override
  public void addRow(float[] a, int column, float[] b, int from, int to, float[] out, int at) {
    for (int t = from; t < to; t++) {
      float factor = a[t * WIDTH + column];
      for (int j = 0; j < WIDTH; j++) {
        out[at + j] = Math.fma(factor, b[t * WIDTH + j], out[at + j]);
      }
    }
  }
}
