package phiquant.run.floats;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link Rows} in lanes; sums are taken in another order than by the scalar form. */
final class VectorRows implements Rows {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  @Override
  public void multiply(
      float[] m, int count, int size, float[] x, int xAt, float scale, float[] y, int at) {
    int done = FLOATS.loopBound(size);
    for (int j = 0; j < count; j++) {
      int row = j * size;
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int i = 0; i < done; i += LANES) {
        FloatVector a = FloatVector.fromArray(FLOATS, m, row + i);
        sum = a.fma(FloatVector.fromArray(FLOATS, x, xAt + i), sum);
      }
      float rest = 0;
      for (int i = done; i < size; i++) {
        rest += m[row + i] * x[xAt + i];
      }
      y[at + j] = (sum.reduceLanes(VectorOperators.ADD) + rest) * scale;
    }
  }

  @Override
  public void scaleAndAdd(
      float[] m, int count, int size, float[] x, int xAt, float rescale, float[] y, int at) {
    int done = FLOATS.loopBound(size);
    for (int i = 0; i < done; i += LANES) {
      FloatVector even = FloatVector.fromArray(FLOATS, y, at + i).mul(rescale);
      FloatVector odd = FloatVector.zero(FLOATS);
      int pairs = count & ~1;
      for (int j = 0; j < pairs; j += 2) {
        even = FloatVector.fromArray(FLOATS, m, j * size + i).mul(x[xAt + j]).add(even);
        odd = FloatVector.fromArray(FLOATS, m, (j + 1) * size + i).mul(x[xAt + j + 1]).add(odd);
      }
      if (pairs < count) {
        odd = FloatVector.fromArray(FLOATS, m, pairs * size + i).mul(x[xAt + pairs]).add(odd);
      }
      even.add(odd).intoArray(y, at + i);
    }
    for (int i = done; i < size; i++) {
      float sum = rescale * y[at + i];
      for (int j = 0; j < count; j++) {
        sum += m[j * size + i] * x[xAt + j];
      }
      y[at + i] = sum;
    }
  }
}
