package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Levels} in lanes; the same numbers as the scalar form. */
final class VectorLevels implements Levels {
  private static final Levels SCALAR = new Scalar();

  @Override
  public float largest(float[] x, int at, int count) {
    int done = FLOATS.loopBound(count);
    FloatVector largest = FloatVector.zero(FLOATS);
    for (int i = at; i < at + done; i += COUNT) {
      largest = FloatVector.fromArray(FLOATS, x, i).abs().max(largest);
    }
    return Math.max(
        largest.reduceLanes(VectorOperators.MAX), SCALAR.largest(x, at + done, count - done));
  }

  @Override
  public void round(float[] x, int at, int count, float inverse, float step) {
    int done = FLOATS.loopBound(count);
    for (int i = at; i < at + done; i += COUNT) {
      FloatVector.fromArray(FLOATS, x, i)
          .mul(inverse)
          .add(ROUND)
          .sub(ROUND)
          .mul(step)
          .intoArray(x, i);
    }
    SCALAR.round(x, at + done, count - done, inverse, step);
  }

  @Override
  public void largest(float[] x, int at, int count, float[] max) {
    for (int t = 0; t < Panels.WIDTH; t += COUNT) {
      FloatVector largest = FloatVector.zero(FLOATS);
      for (int i = at + t; i < at + count; i += Panels.WIDTH) {
        largest = FloatVector.fromArray(FLOATS, x, i).abs().max(largest);
      }
      largest.intoArray(max, t);
    }
  }

  @Override
  public void roundColumns(float[] x, int at, int count, float[] inverse, float[] step) {
    for (int t = 0; t < Panels.WIDTH; t += COUNT) {
      FloatVector up = FloatVector.fromArray(FLOATS, inverse, t);
      FloatVector down = FloatVector.fromArray(FLOATS, step, t);
      for (int i = at + t; i < at + count; i += Panels.WIDTH) {
        FloatVector.fromArray(FLOATS, x, i).mul(up).add(ROUND).sub(ROUND).mul(down).intoArray(x, i);
      }
    }
  }
}
