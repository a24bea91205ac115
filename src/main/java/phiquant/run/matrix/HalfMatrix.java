package phiquant.run.matrix;

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
import phiquant.quant.Half;

/**
 * binary16 numbers. Shifted to the places of a float's bits, a half is the float {@code w ·
 * 2^-112}, subnormal numbers included; so one multiplication finishes the conversion. (The Vector
 * API has no conversion from halves.) Infinite weights and NaN are not kept as such. Two sums take
 * turns, here as for other plain types, because one would wait four cycles for each addition.
 */
final class HalfMatrix extends PlainMatrix {
  HalfMatrix(MemorySegment data, int rows, int columns, Rounding rounding) {
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
        FloatVector w =
            bits.lanewise(VectorOperators.LSHL, 13).and(0x8fffe000).reinterpretAsFloats();
        even = w.mul(0x1p112f).fma(FloatVector.fromArray(FLOATS, x, k), even);
        IntVector bits1 =
            (IntVector)
                ShortVector.fromMemorySegment(SHORTS, in, at + 2L * (k + COUNT), ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
        FloatVector w1 =
            bits1.lanewise(VectorOperators.LSHL, 13).and(0x8fffe000).reinterpretAsFloats();
        odd = w1.mul(0x1p112f).fma(FloatVector.fromArray(FLOATS, x, k + COUNT), odd);
      }
      float rest = 0;
      for (int k = done; k < columns; k++) {
        rest += GgmlMatrix.half(in, at + 2L * k) * x[k];
      }
      y[yAt + row] = even.add(odd).reduceLanes(VectorOperators.ADD) + rest;
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    long at = at(row, column);
    int done = FLOATS.loopBound(count);
    for (int k = 0; k < done; k += COUNT) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, data, at + 2L * k, ORDER)
                  .convertShape(VectorOperators.S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, 13)
          .and(0x8fffe000)
          .reinterpretAsFloats()
          .mul(0x1p112f)
          .intoArray(out, to + k);
    }
    Half.decode(data, at + 2L * done, out, to + done, count - done);
  }
}
