package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Floats. */
final class FloatMatrix extends PlainMatrix {
  FloatMatrix(MemorySegment data, int rows, int columns) {
    super(data, rows, columns, 4, Rounding.NONE);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = data;
    float[] x = input.x;
    int columns = columns();
    int done = columns - columns % (2 * COUNT);
    for (int row = from; row < to; row++) {
      long at = at(row, 0);
      FloatVector even = FloatVector.zero(FLOATS);
      FloatVector odd = FloatVector.zero(FLOATS);
      for (int k = 0; k < done; k += 2 * COUNT) {
        FloatVector w = FloatVector.fromMemorySegment(FLOATS, in, at + 4L * k, ORDER);
        FloatVector w1 = FloatVector.fromMemorySegment(FLOATS, in, at + 4L * (k + COUNT), ORDER);
        even = w.fma(FloatVector.fromArray(FLOATS, x, k), even);
        odd = w1.fma(FloatVector.fromArray(FLOATS, x, k + COUNT), odd);
      }
      float rest = 0;
      for (int k = done; k < columns; k++) {
        rest += in.get(JAVA_FLOAT_UNALIGNED, at + 4L * k) * x[k];
      }
      y[yAt + row] = even.add(odd).reduceLanes(VectorOperators.ADD) + rest;
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    MemorySegment.copy(data, JAVA_FLOAT_UNALIGNED, at(row, column), out, to, count);
  }
}
