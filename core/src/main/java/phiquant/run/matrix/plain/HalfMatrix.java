package phiquant.run.matrix.plain;

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
import phiquant.quant.Half;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Needs;

/**
 * binary16 numbers. Shifted to the places of a float's bits, a half is the float {@code w ·
 * 2^-112}, subnormal numbers included; what it is multiplied with makes up for a part of that, so
 * that products are no subnormal numbers, and the sum for the rest. (The Vector API has no
 * conversion from halves.) Infinite weights and NaN are not kept as such.
 */
final class HalfMatrix extends PlainMatrix {
  /** So much that no number of a network becomes infinite. */
  private static final float LIFT = 0x1p88f;

  HalfMatrix(MemorySegment data, int rows, int columns, ActivationRounding rounding) {
    super(data, rows, columns, 2, Needs.pairs(rounding, LIFT));
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = data;
    float[] x = input.x;
    MemorySegment pairs = input.pairs;
    float unlift = 0x1p112f / input.lift();
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
        even =
            w.lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x0, even);
        odd =
            w.lanewise(VectorOperators.ASHR, 3).and(0x8fffe000).reinterpretAsFloats().fma(x1, odd);
        IntVector w1 = IntVector.fromMemorySegment(INTS, in, at1 + k, ORDER);
        even1 =
            w1.lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x0, even1);
        odd1 =
            w1.lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x1, odd1);
        IntVector w2 = IntVector.fromMemorySegment(INTS, in, at2 + k, ORDER);
        even2 =
            w2.lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x0, even2);
        odd2 =
            w2.lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x1, odd2);
        IntVector w3 = IntVector.fromMemorySegment(INTS, in, at3 + k, ORDER);
        even3 =
            w3.lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x0, even3);
        odd3 =
            w3.lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .fma(x1, odd3);
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
    return Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, at));
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    long at = at(row, column);
    int done = FLOATS.loopBound(count);
    for (int k = 0; k < done; k += COUNT) {
      Cuts.survive(data, at);
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, data, at + 2L * k, ORDER)
                  .convertShape(VectorOperators.S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, 13)
          .and(0x8fffe000)
          .reinterpretAsFloats()
          .mul(0x1p112f)
          .mul(0x1p112f) // Infinity and NaN overflow here, and only they.
          .mul(0x1p-112f)
          .intoArray(out, to + k);
    }
    Half.decode(data, at + 2L * done, out, to + done, count - done);
  }
}
