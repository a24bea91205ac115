package phiquant.run.matrix.plain;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Needs;

/** Floats. */
final class FloatMatrix extends PlainMatrix {
  FloatMatrix(MemorySegment data, int rows, int columns) {
    super(data, rows, columns, 4, Needs.numbers(ActivationRounding.NONE));
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = data;
    float[] x = input.x;
    int columns = columns();
    int done = columns - columns % (2 * COUNT);
    int apart = apart(from, to);
    for (int row = from; row < from + apart; row++) {
      int row1 = Math.min(row + apart, to - 1);
      int row2 = Math.min(row + 2 * apart, to - 1);
      int row3 = Math.min(row + 3 * apart, to - 1);
      long at = at(row, 0);
      long at1 = at(row1, 0);
      long at2 = at(row2, 0);
      long at3 = at(row3, 0);
      Cuts.survive(in, at);
      FloatVector even = FloatVector.zero(FLOATS);
      FloatVector odd = FloatVector.zero(FLOATS);
      FloatVector even1 = FloatVector.zero(FLOATS);
      FloatVector odd1 = FloatVector.zero(FLOATS);
      FloatVector even2 = FloatVector.zero(FLOATS);
      FloatVector odd2 = FloatVector.zero(FLOATS);
      FloatVector even3 = FloatVector.zero(FLOATS);
      FloatVector odd3 = FloatVector.zero(FLOATS);
      // Not "<", so that C2 does not unroll it (see PlainMatrix).
      for (int k = 0; k != done; k += 2 * COUNT) {
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + COUNT);
        even = x0.fma(FloatVector.fromMemorySegment(FLOATS, in, at + 4L * k, ORDER), even);
        odd = x1.fma(FloatVector.fromMemorySegment(FLOATS, in, at + 4L * (k + COUNT), ORDER), odd);
        even1 = x0.fma(FloatVector.fromMemorySegment(FLOATS, in, at1 + 4L * k, ORDER), even1);
        odd1 =
            x1.fma(FloatVector.fromMemorySegment(FLOATS, in, at1 + 4L * (k + COUNT), ORDER), odd1);
        even2 = x0.fma(FloatVector.fromMemorySegment(FLOATS, in, at2 + 4L * k, ORDER), even2);
        odd2 =
            x1.fma(FloatVector.fromMemorySegment(FLOATS, in, at2 + 4L * (k + COUNT), ORDER), odd2);
        even3 = x0.fma(FloatVector.fromMemorySegment(FLOATS, in, at3 + 4L * k, ORDER), even3);
        odd3 =
            x1.fma(FloatVector.fromMemorySegment(FLOATS, in, at3 + 4L * (k + COUNT), ORDER), odd3);
      }
      y[yAt + row] = even.add(odd).reduceLanes(VectorOperators.ADD) + rest(at, done, x);
      y[yAt + row1] = even1.add(odd1).reduceLanes(VectorOperators.ADD) + rest(at1, done, x);
      y[yAt + row2] = even2.add(odd2).reduceLanes(VectorOperators.ADD) + rest(at2, done, x);
      y[yAt + row3] = even3.add(odd3).reduceLanes(VectorOperators.ADD) + rest(at3, done, x);
    }
  }

  @Override
  float number(long at) {
    return data.get(JAVA_FLOAT_UNALIGNED, at);
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    MemorySegment.copy(data, JAVA_FLOAT_UNALIGNED, at(row, column), out, to, count);
  }
}
