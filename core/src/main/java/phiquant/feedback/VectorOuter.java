package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Outer} with four rows times three vectors in twelve registers: for each term three loads,
 * four broadcasts and twelve fused multiply-adds, which fits the sixteen registers of AVX2. Rows
 * are taken some at a time, so that both strips' parts stay in the first-level cache.
 */
final class VectorOuter implements Outer {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int HALF = DOUBLES.length();

  /** Rows taken at a time: twice 24 kB. */
  private static final int CHUNK = 96;

  @Override
  public void add(float[] a, float[] b, int from, int to, float[] out, int at) {
    for (int t = from; t < to; t += CHUNK) {
      int end = Math.min(to, t + CHUNK);
      for (int i = 0; i < WIDTH; i += 4) {
        for (int j = 0; j < WIDTH; j += 3 * LANES) {
          tile(a, i, b, j, t, end, out, at + i * WIDTH + j);
        }
      }
    }
  }

  private static void tile(
      float[] a, int i, float[] b, int j, int from, int to, float[] out, int at) {
    int row1 = at + WIDTH;
    int row2 = row1 + WIDTH;
    int row3 = row2 + WIDTH;
    FloatVector x0 = FloatVector.fromArray(FLOATS, out, at);
    FloatVector y0 = FloatVector.fromArray(FLOATS, out, at + LANES);
    FloatVector z0 = FloatVector.fromArray(FLOATS, out, at + 2 * LANES);
    FloatVector x1 = FloatVector.fromArray(FLOATS, out, row1);
    FloatVector y1 = FloatVector.fromArray(FLOATS, out, row1 + LANES);
    FloatVector z1 = FloatVector.fromArray(FLOATS, out, row1 + 2 * LANES);
    FloatVector x2 = FloatVector.fromArray(FLOATS, out, row2);
    FloatVector y2 = FloatVector.fromArray(FLOATS, out, row2 + LANES);
    FloatVector z2 = FloatVector.fromArray(FLOATS, out, row2 + 2 * LANES);
    FloatVector x3 = FloatVector.fromArray(FLOATS, out, row3);
    FloatVector y3 = FloatVector.fromArray(FLOATS, out, row3 + LANES);
    FloatVector z3 = FloatVector.fromArray(FLOATS, out, row3 + 2 * LANES);
    for (int t = from * WIDTH; t < to * WIDTH; t += WIDTH) {
      FloatVector x = FloatVector.fromArray(FLOATS, b, t + j);
      FloatVector y = FloatVector.fromArray(FLOATS, b, t + j + LANES);
      FloatVector z = FloatVector.fromArray(FLOATS, b, t + j + 2 * LANES);
      FloatVector f0 = FloatVector.broadcast(FLOATS, a[t + i]);
      x0 = f0.fma(x, x0);
      y0 = f0.fma(y, y0);
      z0 = f0.fma(z, z0);
      FloatVector f1 = FloatVector.broadcast(FLOATS, a[t + i + 1]);
      x1 = f1.fma(x, x1);
      y1 = f1.fma(y, y1);
      z1 = f1.fma(z, z1);
      FloatVector f2 = FloatVector.broadcast(FLOATS, a[t + i + 2]);
      x2 = f2.fma(x, x2);
      y2 = f2.fma(y, y2);
      z2 = f2.fma(z, z2);
      FloatVector f3 = FloatVector.broadcast(FLOATS, a[t + i + 3]);
      x3 = f3.fma(x, x3);
      y3 = f3.fma(y, y3);
      z3 = f3.fma(z, z3);
    }
    x0.intoArray(out, at);
    y0.intoArray(out, at + LANES);
    z0.intoArray(out, at + 2 * LANES);
    x1.intoArray(out, row1);
    y1.intoArray(out, row1 + LANES);
    z1.intoArray(out, row1 + 2 * LANES);
    x2.intoArray(out, row2);
    y2.intoArray(out, row2 + LANES);
    z2.intoArray(out, row2 + 2 * LANES);
    x3.intoArray(out, row3);
    y3.intoArray(out, row3 + LANES);
    z3.intoArray(out, row3 + 2 * LANES);
  }

  @Override
  public void subtract(double[] a, double[] b, int from, int to, double[] out, int at) {
    for (int t = from; t < to; t += CHUNK / 2) {
      int end = Math.min(to, t + CHUNK / 2);
      for (int i = 0; i < WIDTH; i += 4) {
        for (int j = 0; j < WIDTH; j += 3 * HALF) {
          tile(a, i, b, j, t, end, out, at + i * WIDTH + j);
        }
      }
    }
  }

  private static void tile(
      double[] a, int i, double[] b, int j, int from, int to, double[] out, int at) {
    int row1 = at + WIDTH;
    int row2 = row1 + WIDTH;
    int row3 = row2 + WIDTH;
    DoubleVector x0 = DoubleVector.fromArray(DOUBLES, out, at);
    DoubleVector y0 = DoubleVector.fromArray(DOUBLES, out, at + HALF);
    DoubleVector z0 = DoubleVector.fromArray(DOUBLES, out, at + 2 * HALF);
    DoubleVector x1 = DoubleVector.fromArray(DOUBLES, out, row1);
    DoubleVector y1 = DoubleVector.fromArray(DOUBLES, out, row1 + HALF);
    DoubleVector z1 = DoubleVector.fromArray(DOUBLES, out, row1 + 2 * HALF);
    DoubleVector x2 = DoubleVector.fromArray(DOUBLES, out, row2);
    DoubleVector y2 = DoubleVector.fromArray(DOUBLES, out, row2 + HALF);
    DoubleVector z2 = DoubleVector.fromArray(DOUBLES, out, row2 + 2 * HALF);
    DoubleVector x3 = DoubleVector.fromArray(DOUBLES, out, row3);
    DoubleVector y3 = DoubleVector.fromArray(DOUBLES, out, row3 + HALF);
    DoubleVector z3 = DoubleVector.fromArray(DOUBLES, out, row3 + 2 * HALF);
    for (int t = from * WIDTH; t < to * WIDTH; t += WIDTH) {
      DoubleVector x = DoubleVector.fromArray(DOUBLES, b, t + j);
      DoubleVector y = DoubleVector.fromArray(DOUBLES, b, t + j + HALF);
      DoubleVector z = DoubleVector.fromArray(DOUBLES, b, t + j + 2 * HALF);
      DoubleVector f0 = DoubleVector.broadcast(DOUBLES, -a[t + i]);
      x0 = f0.fma(x, x0);
      y0 = f0.fma(y, y0);
      z0 = f0.fma(z, z0);
      DoubleVector f1 = DoubleVector.broadcast(DOUBLES, -a[t + i + 1]);
      x1 = f1.fma(x, x1);
      y1 = f1.fma(y, y1);
      z1 = f1.fma(z, z1);
      DoubleVector f2 = DoubleVector.broadcast(DOUBLES, -a[t + i + 2]);
      x2 = f2.fma(x, x2);
      y2 = f2.fma(y, y2);
      z2 = f2.fma(z, z2);
      DoubleVector f3 = DoubleVector.broadcast(DOUBLES, -a[t + i + 3]);
      x3 = f3.fma(x, x3);
      y3 = f3.fma(y, y3);
      z3 = f3.fma(z, z3);
    }
    x0.intoArray(out, at);
    y0.intoArray(out, at + HALF);
    z0.intoArray(out, at + 2 * HALF);
    x1.intoArray(out, row1);
    y1.intoArray(out, row1 + HALF);
    z1.intoArray(out, row1 + 2 * HALF);
    x2.intoArray(out, row2);
    y2.intoArray(out, row2 + HALF);
    z2.intoArray(out, row2 + 2 * HALF);
    x3.intoArray(out, row3);
    y3.intoArray(out, row3 + HALF);
    z3.intoArray(out, row3 + 2 * HALF);
  }

  @Override
  public void addRow(float[] a, int column, float[] b, int from, int to, float[] out, int at) {
    for (int j = 0; j < WIDTH; j += 3 * LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, out, at + j);
      FloatVector y = FloatVector.fromArray(FLOATS, out, at + j + LANES);
      FloatVector z = FloatVector.fromArray(FLOATS, out, at + j + 2 * LANES);
      for (int t = from * WIDTH; t < to * WIDTH; t += WIDTH) {
        FloatVector factor = FloatVector.broadcast(FLOATS, a[t + column]);
        x = factor.fma(FloatVector.fromArray(FLOATS, b, t + j), x);
        y = factor.fma(FloatVector.fromArray(FLOATS, b, t + j + LANES), y);
        z = factor.fma(FloatVector.fromArray(FLOATS, b, t + j + 2 * LANES), z);
      }
      x.intoArray(out, at + j);
      y.intoArray(out, at + j + LANES);
      z.intoArray(out, at + j + 2 * LANES);
    }
  }
}
