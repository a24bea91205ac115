package phiquant.run.floats;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Exponentials} in lanes. {@code e^x = 2^n · e^r} with {@code n = round(x / ln 2)} and a
 * polynomial of degree seven in r (the coefficients of Cephes' expf, Moshier 1989): within two
 * units in the last place; below -87 it stays at the smallest normal float.
 *
 * <p>It is taken of arrays, never of a vector that is given to a method: whether C2 inlines one
 * depends on which of the two was compiled first, and if it does not, every vector is an object.
 */
final class VectorExponentials implements Exponentials {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final Exponentials SCALAR = new Scalar();

  /** Numbers of a gate that are taken at a time, so that they stay in the first-level cache. */
  private static final int CHUNK = 1024;

  @Override
  public void swiGlu(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int at, int count) {
    int done = FLOATS.loopBound(count);
    for (int from = 0; from < done; from += CHUNK) {
      int to = Math.min(done, from + CHUNK);
      for (int i = from; i < to; i += LANES) {
        FloatVector.fromArray(FLOATS, gate, gateAt + i).neg().intoArray(out, at + i);
      }
      exp(out, at + from, at + to);
      for (int i = from; i < to; i += LANES) {
        FloatVector u = FloatVector.fromArray(FLOATS, up, upAt + i);
        FloatVector.fromArray(FLOATS, gate, gateAt + i)
            .div(FloatVector.fromArray(FLOATS, out, at + i).add(1))
            .mul(u)
            .intoArray(out, at + i);
      }
    }
    SCALAR.swiGlu(gate, gateAt + done, up, upAt + done, out, at + done, count - done);
  }

  @Override
  public void gelu(float root, float cube, float[] x, int from, float[] out, int at, int count) {
    int done = FLOATS.loopBound(count);
    for (int first = 0; first < done; first += CHUNK) {
      int last = Math.min(done, first + CHUNK);
      for (int i = first; i < last; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
        v.mul(v.mul(v).mul(cube).add(root)).neg().intoArray(out, at + i);
      }
      exp(out, at + first, at + last);
      for (int i = first; i < last; i += LANES) {
        FloatVector.fromArray(FLOATS, x, from + i)
            .div(FloatVector.fromArray(FLOATS, out, at + i).add(1))
            .intoArray(out, at + i);
      }
    }
    SCALAR.gelu(root, cube, x, from + done, out, at + done, count - done);
  }

  @Override
  public float softmax(float[] x, int at, int count, float max) {
    int end = at + FLOATS.loopBound(count);
    for (int i = at; i < end; i += LANES) {
      FloatVector.fromArray(FLOATS, x, i).sub(max).intoArray(x, i);
    }
    exp(x, at, end);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int i = at; i < end; i += LANES) {
      sum = FloatVector.fromArray(FLOATS, x, i).add(sum);
    }
    return sum.reduceLanes(VectorOperators.ADD) + SCALAR.softmax(x, end, at + count - end, max);
  }

  @Override
  public void softmax(
      float[] x, int rows, int width, float[] max, float[] sum, int at, float[] rescale) {
    for (int t = 0; t < width; t += LANES) {
      FloatVector before = FloatVector.fromArray(FLOATS, max, at + t);
      FloatVector largest = before;
      for (int r = 0; r < rows; r++) {
        largest = FloatVector.fromArray(FLOATS, x, r * width + t).max(largest);
      }
      before.sub(largest).intoArray(rescale, t);
      largest.intoArray(max, at + t);
      for (int r = 0; r < rows; r++) {
        FloatVector.fromArray(FLOATS, x, r * width + t).sub(largest).intoArray(x, r * width + t);
      }
    }
    exp(rescale, 0, width);
    exp(x, 0, rows * width);
    for (int t = 0; t < width; t += LANES) {
      FloatVector total =
          FloatVector.fromArray(FLOATS, sum, at + t).mul(FloatVector.fromArray(FLOATS, rescale, t));
      for (int r = 0; r < rows; r++) {
        total = FloatVector.fromArray(FLOATS, x, r * width + t).add(total);
      }
      total.intoArray(sum, at + t);
    }
  }

  /** {@code x[i] = e^x[i]} for whole vectors. */
  private static void exp(float[] x, int from, int to) {
    for (int i = from; i < to; i += LANES) {
      FloatVector bounded = FloatVector.fromArray(FLOATS, x, i).max(-87.3f).min(88.3f);
      // Adding 1.5 · 2^23 leaves the nearest integer in the low bits, which are all that a shift to
      // the exponent's place keeps.
      FloatVector shifted = bounded.mul(1.44269504f).add(12582912f);
      FloatVector n = shifted.sub(12582912f);
      FloatVector r = n.mul(-0.693359375f).add(bounded).sub(n.mul(-2.12194440e-4f));
      FloatVector p = r.mul(1.9875691500e-4f).add(1.3981999507e-3f);
      p = p.mul(r).add(8.3334519073e-3f);
      p = p.mul(r).add(4.1665795894e-2f);
      p = p.mul(r).add(1.6666665459e-1f);
      p = p.mul(r).add(5.0000001201e-1f);
      p = p.mul(r).mul(r).add(r).add(1);
      p.mul(
              shifted
                  .reinterpretAsInts()
                  .add(127)
                  .lanewise(VectorOperators.LSHL, 23)
                  .reinterpretAsFloats())
          .intoArray(x, i);
    }
  }
}
