package phiquant.run.floats;

import static jdk.incubator.vector.VectorOperators.F2I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Exponentials} in lanes. {@code e^x = 2^n · e^r} with {@code n = round(x / ln 2)} and a
 * polynomial of degree seven in r (the coefficients of Cephes' expf, Moshier 1989): within two
 * units in the last place; below -87 it stays at the smallest normal float.
 */
final class VectorExponentials implements Exponentials {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final Exponentials SCALAR = new Scalar();

  @Override
  public void swiGlu(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int at, int count) {
    int done = FLOATS.loopBound(count);
    for (int i = 0; i < done; i += LANES) {
      FloatVector g = FloatVector.fromArray(FLOATS, gate, gateAt + i);
      FloatVector u = FloatVector.fromArray(FLOATS, up, upAt + i);
      g.div(exp(g.neg()).add(1)).mul(u).intoArray(out, at + i);
    }
    SCALAR.swiGlu(gate, gateAt + done, up, upAt + done, out, at + done, count - done);
  }

  @Override
  public void gelu(float[] x, int from, float[] out, int at, int count) {
    int done = FLOATS.loopBound(count);
    for (int i = 0; i < done; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
      FloatVector u = v.mul(v.mul(v).mul(TWICE_CUBE).add(TWICE_ROOT));
      v.div(exp(u.neg()).add(1)).intoArray(out, at + i);
    }
    SCALAR.gelu(x, from + done, out, at + done, count - done);
  }

  @Override
  public float softmax(float[] x, int at, int count, float max) {
    int done = FLOATS.loopBound(count);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int i = at; i < at + done; i += LANES) {
      FloatVector e = exp(FloatVector.fromArray(FLOATS, x, i).sub(max));
      e.intoArray(x, i);
      sum = sum.add(e);
    }
    return sum.reduceLanes(VectorOperators.ADD) + SCALAR.softmax(x, at + done, count - done, max);
  }

  @Override
  public void softmax(
      float[] x, int rows, int width, float[] max, float[] sum, int at, float[] rescale) {
    for (int t = 0; t < width; t += LANES) {
      FloatVector before = FloatVector.fromArray(FLOATS, max, at + t);
      FloatVector largest = before;
      for (int r = 0; r < rows; r++) {
        largest = largest.max(FloatVector.fromArray(FLOATS, x, r * width + t));
      }
      FloatVector factor = exp(before.sub(largest));
      FloatVector total = FloatVector.fromArray(FLOATS, sum, at + t).mul(factor);
      for (int r = 0; r < rows; r++) {
        FloatVector e = exp(FloatVector.fromArray(FLOATS, x, r * width + t).sub(largest));
        e.intoArray(x, r * width + t);
        total = total.add(e);
      }
      factor.intoArray(rescale, t);
      largest.intoArray(max, at + t);
      total.intoArray(sum, at + t);
    }
  }

  /** Small enough to be inlined wherever it is called, which vectors need. */
  private static FloatVector exp(FloatVector x) {
    FloatVector bounded = x.max(-87.3f).min(88.3f);
    // Adding 1.5 · 2^23 leaves the nearest integer in the low bits.
    FloatVector n = bounded.mul(1.44269504f).add(12582912f).sub(12582912f);
    FloatVector r = n.mul(-0.693359375f).add(bounded).sub(n.mul(-2.12194440e-4f));
    FloatVector p = r.mul(1.9875691500e-4f).add(1.3981999507e-3f);
    p = p.mul(r).add(8.3334519073e-3f);
    p = p.mul(r).add(4.1665795894e-2f);
    p = p.mul(r).add(1.6666665459e-1f);
    p = p.mul(r).add(5.0000001201e-1f);
    p = p.mul(r).mul(r).add(r).add(1);
    IntVector exponent = (IntVector) n.convert(F2I, 0);
    return p.mul(exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
  }
}
