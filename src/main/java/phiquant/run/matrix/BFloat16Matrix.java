package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.INTS;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.SHORTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.BFloat16;

/** bfloat16 numbers: the upper halves of floats. */
final class BFloat16Matrix extends PlainMatrix {
  BFloat16Matrix(MemorySegment data, int rows, int columns, Rounding rounding) {
    super(data, rows, columns, 2, rounding);
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
        IntVector bits =
            (IntVector)
                ShortVector.fromMemorySegment(SHORTS, in, at + 2L * k, ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
        FloatVector w = bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        even = w.fma(FloatVector.fromArray(FLOATS, x, k), even);
        IntVector bits1 =
            (IntVector)
                ShortVector.fromMemorySegment(SHORTS, in, at + 2L * (k + COUNT), ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
        FloatVector w1 = bits1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        odd = w1.fma(FloatVector.fromArray(FLOATS, x, k + COUNT), odd);
      }
      float rest = 0;
      for (int k = done; k < columns; k++) {
        rest += BFloat16.toFloat(in.get(JAVA_SHORT_UNALIGNED, at + 2L * k)) * x[k];
      }
      y[yAt + row] = even.add(odd).reduceLanes(VectorOperators.ADD) + rest;
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    BFloat16.decode(data, at(row, column), out, to, count);
  }
}
