package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Products.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Products;

/** {@link Q4KMatrix} times several tokens in integers. */
final class Q4KTokens implements RowOfDigits {
  /** Floats of a vector. */
  private static final int FLOATS = LANES / 2;

  @Override
  public int body() {
    return Q4KMatrix.BODY;
  }

  /** As in the kernel of one token. */
  @Override
  public void unpack(MemorySegment in, long at, int bodies, Digits row) {
    short[] codes = row.codes;
    for (int i = 0; i < bodies; i++) {
      long block = at + (long) (i >> Q4KMatrix.HALVES) * Q4KMatrix.BLOCK;
      int half = i & Q4KMatrix.HALVES;
      int k = i * Q4KMatrix.BODY;
      IntVector scales =
          LongVector.broadcast(LongVector.SPECIES_128, in.get(JAVA_LONG_UNALIGNED, block + 4))
              .reinterpretAsInts()
              .lanewise(
                  VectorOperators.LSHR,
                  IntVector.fromArray(Q4KMatrix.BYTES4, Q4KMatrix.SHIFT, 4 * half))
              .and(IntVector.fromArray(Q4KMatrix.BYTES4, Q4KMatrix.MASK, 4 * half))
              .or(
                  IntVector.broadcast(Q4KMatrix.BYTES4, in.get(JAVA_INT_UNALIGNED, block + 12))
                      .lanewise(
                          VectorOperators.LSHR,
                          IntVector.fromArray(Q4KMatrix.BYTES4, Q4KMatrix.LAST_SHIFT, 4 * half))
                      .and(IntVector.fromArray(Q4KMatrix.BYTES4, Q4KMatrix.LAST_MASK, 4 * half)));
      ((FloatVector)
              scales.reinterpretAsBytes().convertShape(VectorOperators.B2F, Products.FLOATS, 0))
          .intoArray(row.scales, i * FLOATS);
      IntVector.broadcast(Products.INTS, in.get(JAVA_INT_UNALIGNED, block))
          .lanewise(VectorOperators.LSHL, IntVector.fromArray(Products.INTS, Q4KMatrix.UP, 0))
          .lanewise(VectorOperators.ASHR, 3)
          .and(0x8fffe000)
          .reinterpretAsFloats()
          .intoArray(row.units, i * FLOATS);
      long first = block + 16 + 64 * half;
      ShortVector a =
          IntVector.fromMemorySegment(Products.INTS, in, first, ORDER)
              .blend(
                  IntVector.fromMemorySegment(Products.INTS, in, first + Q4KMatrix.NEXT, ORDER),
                  Products.ODD)
              .reinterpretAsShorts();
      ShortVector b =
          IntVector.fromMemorySegment(Products.INTS, in, first + 16, ORDER)
              .blend(
                  IntVector.fromMemorySegment(
                      Products.INTS, in, first + 16 + Q4KMatrix.NEXT, ORDER),
                  Products.ODD)
              .reinterpretAsShorts();
      ShortVector a0 = a.and((short) 0x0f0f);
      ShortVector b0 = b.and((short) 0x0f0f);
      a0.intoArray(codes, k);
      a0.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + LANES);
      b0.intoArray(codes, k + 2 * LANES);
      b0.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + 3 * LANES);
      a.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).intoArray(codes, k + 4 * LANES);
      a.lanewise(VectorOperators.LSHR, 12).intoArray(codes, k + 5 * LANES);
      b.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).intoArray(codes, k + 6 * LANES);
      b.lanewise(VectorOperators.LSHR, 12).intoArray(codes, k + 7 * LANES);
    }
  }

  @Override
  public void multiply(Digits row, int bodies, Input x, Input z, float[] y, float[] v, int at) {
    short[] codes = row.codes;
    short[] factors0 = x.factors;
    short[] factors1 = z.factors;
    float[] spread0 = x.spread;
    float[] spread1 = z.spread;
    FloatVector low0 = FloatVector.zero(Products.FLOATS);
    FloatVector high0 = low0;
    FloatVector offset0 = low0;
    FloatVector low1 = low0;
    FloatVector high1 = low0;
    FloatVector offset1 = low0;
    for (int i = 0; i < bodies; i++) {
      int k = i * Q4KMatrix.BODY;
      FloatVector d = FloatVector.fromArray(Products.FLOATS, row.units, i * FLOATS);
      FloatVector scale = FloatVector.fromArray(Products.FLOATS, row.scales, i * FLOATS);
      ShortVector q0 = ShortVector.fromArray(Products.SHORTS, codes, k);
      ShortVector q1 = ShortVector.fromArray(Products.SHORTS, codes, k + LANES);
      ShortVector q2 = ShortVector.fromArray(Products.SHORTS, codes, k + 2 * LANES);
      ShortVector q3 = ShortVector.fromArray(Products.SHORTS, codes, k + 3 * LANES);
      FloatVector s0 =
          d.mul(FloatVector.fromArray(Products.FLOATS, spread0, i * FLOATS)).mul(scale);
      FloatVector l0 =
          (FloatVector)
              q0.mul(ShortVector.fromArray(Products.SHORTS, factors0, k))
                  .add(q1.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + LANES)))
                  .add(q2.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 2 * LANES)))
                  .add(q3.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 3 * LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      low0 = l0.fma(s0.rearrange(Q4KMatrix.LOW), low0);
      offset0 = s0.add(offset0);
      FloatVector s1 =
          d.mul(FloatVector.fromArray(Products.FLOATS, spread1, i * FLOATS)).mul(scale);
      FloatVector l1 =
          (FloatVector)
              q0.mul(ShortVector.fromArray(Products.SHORTS, factors1, k))
                  .add(q1.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + LANES)))
                  .add(q2.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 2 * LANES)))
                  .add(q3.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 3 * LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      low1 = l1.fma(s1.rearrange(Q4KMatrix.LOW), low1);
      offset1 = s1.add(offset1);
      ShortVector q4 = ShortVector.fromArray(Products.SHORTS, codes, k + 4 * LANES);
      ShortVector q5 = ShortVector.fromArray(Products.SHORTS, codes, k + 5 * LANES);
      ShortVector q6 = ShortVector.fromArray(Products.SHORTS, codes, k + 6 * LANES);
      ShortVector q7 = ShortVector.fromArray(Products.SHORTS, codes, k + 7 * LANES);
      FloatVector h0 =
          (FloatVector)
              q4.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 4 * LANES))
                  .add(q5.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 5 * LANES)))
                  .add(q6.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 6 * LANES)))
                  .add(q7.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 7 * LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      high0 = h0.fma(s0.rearrange(Q4KMatrix.HIGH), high0);
      FloatVector h1 =
          (FloatVector)
              q4.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 4 * LANES))
                  .add(q5.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 5 * LANES)))
                  .add(q6.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 6 * LANES)))
                  .add(q7.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 7 * LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      high1 = h1.fma(s1.rearrange(Q4KMatrix.HIGH), high1);
    }
    y[at] =
        low0.add(high0).reduceLanes(VectorOperators.ADD) * (Products.UNIT * Q4KMatrix.LIFT)
            + offset0.reduceLanes(VectorOperators.ADD, Q4KMatrix.MINIMUMS) * Q4KMatrix.LIFT;
    v[at] =
        low1.add(high1).reduceLanes(VectorOperators.ADD) * (Products.UNIT * Q4KMatrix.LIFT)
            + offset1.reduceLanes(VectorOperators.ADD, Q4KMatrix.MINIMUMS) * Q4KMatrix.LIFT;
  }
}
