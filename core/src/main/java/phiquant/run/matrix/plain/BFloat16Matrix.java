package phiquant.run.matrix.plain;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.INTS;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.BFloat16;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Needs;

/** bfloat16 numbers: the upper halves of floats. */
final class BFloat16Matrix extends PlainMatrix {
  BFloat16Matrix(MemorySegment data, int rows, int columns, ActivationRounding rounding) {
    super(data, rows, columns, 2, Needs.pairs(rounding, 1));
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = data;
    float[] x = input.x;
    MemorySegment pairs = input.pairs;
    float unlift = 1 / input.lift();
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
      for (int k = 0; k != 2 * done; k += 4 * COUNT) {
        FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, pairs, 2L * k, ORDER);
        FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, pairs, 2L * k + 4 * COUNT, ORDER);
        IntVector w = IntVector.fromMemorySegment(INTS, in, at + k, ORDER);
        even = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(x0, even);
        odd = w.and(0xffff0000).reinterpretAsFloats().fma(x1, odd);
        IntVector w1 = IntVector.fromMemorySegment(INTS, in, at1 + k, ORDER);
        even1 = w1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(x0, even1);
        odd1 = w1.and(0xffff0000).reinterpretAsFloats().fma(x1, odd1);
        IntVector w2 = IntVector.fromMemorySegment(INTS, in, at2 + k, ORDER);
        even2 = w2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(x0, even2);
        odd2 = w2.and(0xffff0000).reinterpretAsFloats().fma(x1, odd2);
        IntVector w3 = IntVector.fromMemorySegment(INTS, in, at3 + k, ORDER);
        even3 = w3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(x0, even3);
        odd3 = w3.and(0xffff0000).reinterpretAsFloats().fma(x1, odd3);
      }
      y[yAt + row] = even.add(odd).reduceLanes(VectorOperators.ADD) * unlift + rest(at, done, x);
      y[yAt + row1] =
          even1.add(odd1).reduceLanes(VectorOperators.ADD) * unlift + rest(at1, done, x);
      y[yAt + row2] =
          even2.add(odd2).reduceLanes(VectorOperators.ADD) * unlift + rest(at2, done, x);
      y[yAt + row3] =
          even3.add(odd3).reduceLanes(VectorOperators.ADD) * unlift + rest(at3, done, x);
    }
  }

  @Override
  float number(long at) {
    return BFloat16.toFloat(data.get(JAVA_SHORT_UNALIGNED, at));
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    BFloat16.decode(data, at(row, column), out, to, count);
  }
}
