package phiquant.run.matrix.tokens;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Tile} with four rows times two vectors of tokens in eight registers: for each term two
 * loads, four broadcasts and eight fused multiply-adds, which is more arithmetic than loading on
 * every CPU, and fits the sixteen registers of AVX2.
 */
final class VectorTile implements Tile {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int WIDTH = 2 * LANES;

  @Override
  public void add(
      float[] w, int wAt, int stride, int rows, float[] x, int xAt, int count, float[] y, int yAt) {
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      four(w, wAt + r * stride, stride, x, xAt, count, y, yAt + r * WIDTH);
    }
    for (; r < rows; r++) {
      one(w, wAt + r * stride, x, xAt, count, y, yAt + r * WIDTH);
    }
  }

  private static void four(
      float[] w, int w0, int stride, float[] x, int xAt, int count, float[] y, int yAt) {
    int w1 = w0 + stride;
    int w2 = w1 + stride;
    int w3 = w2 + stride;
    FloatVector a0 = FloatVector.fromArray(FLOATS, y, yAt);
    FloatVector b0 = FloatVector.fromArray(FLOATS, y, yAt + LANES);
    FloatVector a1 = FloatVector.fromArray(FLOATS, y, yAt + WIDTH);
    FloatVector b1 = FloatVector.fromArray(FLOATS, y, yAt + WIDTH + LANES);
    FloatVector a2 = FloatVector.fromArray(FLOATS, y, yAt + 2 * WIDTH);
    FloatVector b2 = FloatVector.fromArray(FLOATS, y, yAt + 2 * WIDTH + LANES);
    FloatVector a3 = FloatVector.fromArray(FLOATS, y, yAt + 3 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(FLOATS, y, yAt + 3 * WIDTH + LANES);
    for (int k = 0; k < count; k++) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, xAt + k * WIDTH);
      FloatVector b = FloatVector.fromArray(FLOATS, x, xAt + k * WIDTH + LANES);
      FloatVector c0 = FloatVector.broadcast(FLOATS, w[w0 + k]);
      FloatVector c1 = FloatVector.broadcast(FLOATS, w[w1 + k]);
      FloatVector c2 = FloatVector.broadcast(FLOATS, w[w2 + k]);
      FloatVector c3 = FloatVector.broadcast(FLOATS, w[w3 + k]);
      a0 = c0.fma(a, a0);
      b0 = c0.fma(b, b0);
      a1 = c1.fma(a, a1);
      b1 = c1.fma(b, b1);
      a2 = c2.fma(a, a2);
      b2 = c2.fma(b, b2);
      a3 = c3.fma(a, a3);
      b3 = c3.fma(b, b3);
    }
    a0.intoArray(y, yAt);
    b0.intoArray(y, yAt + LANES);
    a1.intoArray(y, yAt + WIDTH);
    b1.intoArray(y, yAt + WIDTH + LANES);
    a2.intoArray(y, yAt + 2 * WIDTH);
    b2.intoArray(y, yAt + 2 * WIDTH + LANES);
    a3.intoArray(y, yAt + 3 * WIDTH);
    b3.intoArray(y, yAt + 3 * WIDTH + LANES);
  }

  private static void one(float[] w, int wAt, float[] x, int xAt, int count, float[] y, int yAt) {
    FloatVector a = FloatVector.fromArray(FLOATS, y, yAt);
    FloatVector b = FloatVector.fromArray(FLOATS, y, yAt + LANES);
    for (int k = 0; k < count; k++) {
      FloatVector c = FloatVector.broadcast(FLOATS, w[wAt + k]);
      a = c.fma(FloatVector.fromArray(FLOATS, x, xAt + k * WIDTH), a);
      b = c.fma(FloatVector.fromArray(FLOATS, x, xAt + k * WIDTH + LANES), b);
    }
    a.intoArray(y, yAt);
    b.intoArray(y, yAt + LANES);
  }
}
