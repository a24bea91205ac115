package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Products.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Products;

/** {@link Q6KMatrix} times several tokens in integers. */
final class Q6KTokens implements RowOfDigits {
  /** Floats of a vector. */
  private static final int FLOATS = LANES / 2;

  @Override
  public int body() {
    return Q6KMatrix.BODY;
  }

  /** As in the kernel of one token. */
  @Override
  public void unpack(MemorySegment in, long at, int bodies, Digits row) {
    short[] codes = row.codes;
    for (int i = 0; i < bodies; i++) {
      long block = at + (long) (i >> Q6KMatrix.HALVES) * Q6KMatrix.BLOCK;
      int half = i & Q6KMatrix.HALVES;
      int k = i * Q6KMatrix.BODY;
      ((FloatVector)
              ByteVector.fromMemorySegment(Q6KMatrix.SCALES, in, block + 192 + 8 * half, ORDER)
                  .convertShape(VectorOperators.B2F, Products.FLOATS, 0))
          .mul(GgmlMatrix.half(in, block + 208))
          .intoArray(row.scales, i * FLOATS);
      long low = block + 64 * half;
      ShortVector a =
          IntVector.fromMemorySegment(Products.INTS, in, low, ORDER).reinterpretAsShorts();
      ShortVector b =
          IntVector.fromMemorySegment(Products.INTS, in, low + 2 * LANES, ORDER)
              .reinterpretAsShorts();
      long upper = block + 160 - 2 * LANES + 32 * half;
      IntVector c = IntVector.fromMemorySegment(Products.INTS, in, upper, ORDER);
      IntVector d = c;
      if (Products.WIDE) {
        c = c.rearrange(Q6KMatrix.TWICE);
        d =
            IntVector.fromMemorySegment(Products.INTS, in, upper + 32, ORDER)
                .rearrange(Q6KMatrix.TWICE);
      }
      c = c.lanewise(VectorOperators.LSHR, IntVector.fromArray(Products.INTS, Q6KMatrix.RIGHT, 0));
      d =
          d.lanewise(
              VectorOperators.LSHR,
              IntVector.fromArray(Products.INTS, Q6KMatrix.RIGHT, 8 * Q6KMatrix.HALVES));
      ShortVector c0 = c.lanewise(VectorOperators.LSHL, 4).reinterpretAsShorts();
      ShortVector d0 = d.lanewise(VectorOperators.LSHL, 4).reinterpretAsShorts();
      ShortVector c1 = c.reinterpretAsShorts();
      ShortVector d1 = d.reinterpretAsShorts();
      ShortVector q0 = a.and((short) 0x0f0f).or(c0.and((short) 0x3030));
      ShortVector q1 =
          a.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).or(c1.and((short) 0x3030));
      ShortVector q2 = b.and((short) 0x0f0f).or(d0.and((short) 0x3030));
      ShortVector q3 =
          b.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).or(d1.and((short) 0x3030));
      q0.intoArray(codes, k);
      q0.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + LANES);
      q1.intoArray(codes, k + 64);
      q1.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + 64 + LANES);
      q2.intoArray(codes, k + Q6KMatrix.SECOND);
      q2.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + Q6KMatrix.SECOND + LANES);
      q3.intoArray(codes, k + Q6KMatrix.SECOND + 64);
      q3.lanewise(VectorOperators.LSHR, 8).intoArray(codes, k + Q6KMatrix.SECOND + 64 + LANES);
    }
  }

  @Override
  public void multiply(Digits row, int bodies, Input x, Input z, float[] y, float[] v, int at) {
    short[] codes = row.codes;
    short[] factors0 = x.factors;
    short[] factors1 = z.factors;
    float[] sums0 = x.sums16;
    float[] sums1 = z.sums16;
    float[] steps0 = x.steps;
    float[] steps1 = z.steps;
    FloatVector even0 = FloatVector.zero(Products.FLOATS);
    FloatVector odd0 = even0;
    FloatVector offset0 = even0;
    FloatVector even1 = even0;
    FloatVector odd1 = even0;
    FloatVector offset1 = even0;
    for (int i = 0; i < bodies; i++) {
      int k = i * Q6KMatrix.BODY;
      FloatVector scale = FloatVector.fromArray(Products.FLOATS, row.scales, i * FLOATS);
      offset0 = scale.fma(FloatVector.fromArray(Products.FLOATS, sums0, i * FLOATS), offset0);
      FloatVector s0 = scale.mul(steps0[k / 32]);
      offset1 = scale.fma(FloatVector.fromArray(Products.FLOATS, sums1, i * FLOATS), offset1);
      FloatVector s1 = scale.mul(steps1[k / 32]);
      ShortVector q0 = ShortVector.fromArray(Products.SHORTS, codes, k);
      ShortVector p0 = ShortVector.fromArray(Products.SHORTS, codes, k + LANES);
      FloatVector w00 =
          (FloatVector)
              q0.mul(ShortVector.fromArray(Products.SHORTS, factors0, k))
                  .add(p0.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      even0 = w00.fma(s0.rearrange(Q6KMatrix.SCALES0), even0);
      FloatVector w01 =
          (FloatVector)
              q0.mul(ShortVector.fromArray(Products.SHORTS, factors1, k))
                  .add(p0.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      even1 = w01.fma(s1.rearrange(Q6KMatrix.SCALES0), even1);
      ShortVector q2 = ShortVector.fromArray(Products.SHORTS, codes, k + Q6KMatrix.SECOND);
      ShortVector p2 = ShortVector.fromArray(Products.SHORTS, codes, k + Q6KMatrix.SECOND + LANES);
      FloatVector w20 =
          (FloatVector)
              q2.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + Q6KMatrix.SECOND))
                  .add(
                      p2.mul(
                          ShortVector.fromArray(
                              Products.SHORTS, factors0, k + Q6KMatrix.SECOND + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      even0 = w20.fma(s0.rearrange(Q6KMatrix.SCALES2), even0);
      FloatVector w21 =
          (FloatVector)
              q2.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + Q6KMatrix.SECOND))
                  .add(
                      p2.mul(
                          ShortVector.fromArray(
                              Products.SHORTS, factors1, k + Q6KMatrix.SECOND + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      even1 = w21.fma(s1.rearrange(Q6KMatrix.SCALES2), even1);
      ShortVector q1 = ShortVector.fromArray(Products.SHORTS, codes, k + 64);
      ShortVector p1 = ShortVector.fromArray(Products.SHORTS, codes, k + 64 + LANES);
      FloatVector w10 =
          (FloatVector)
              q1.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 64))
                  .add(p1.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + 64 + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      odd0 = w10.fma(s0.rearrange(Q6KMatrix.SCALES1), odd0);
      FloatVector w11 =
          (FloatVector)
              q1.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 64))
                  .add(p1.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + 64 + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      odd1 = w11.fma(s1.rearrange(Q6KMatrix.SCALES1), odd1);
      ShortVector q3 = ShortVector.fromArray(Products.SHORTS, codes, k + Q6KMatrix.SECOND + 64);
      ShortVector p3 =
          ShortVector.fromArray(Products.SHORTS, codes, k + Q6KMatrix.SECOND + 64 + LANES);
      FloatVector w30 =
          (FloatVector)
              q3.mul(ShortVector.fromArray(Products.SHORTS, factors0, k + Q6KMatrix.SECOND + 64))
                  .add(
                      p3.mul(
                          ShortVector.fromArray(
                              Products.SHORTS, factors0, k + Q6KMatrix.SECOND + 64 + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      odd0 = w30.fma(s0.rearrange(Q6KMatrix.SCALES3), odd0);
      FloatVector w31 =
          (FloatVector)
              q3.mul(ShortVector.fromArray(Products.SHORTS, factors1, k + Q6KMatrix.SECOND + 64))
                  .add(
                      p3.mul(
                          ShortVector.fromArray(
                              Products.SHORTS, factors1, k + Q6KMatrix.SECOND + 64 + LANES)))
                  .reinterpretAsInts()
                  .mul(Products.ADD)
                  .and(Products.UPPER)
                  .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
      odd1 = w31.fma(s1.rearrange(Q6KMatrix.SCALES3), odd1);
    }
    y[at] =
        even0.add(odd0).reduceLanes(VectorOperators.ADD) * Products.UNIT
            - 32 * offset0.reduceLanes(VectorOperators.ADD);
    v[at] =
        even1.add(odd1).reduceLanes(VectorOperators.ADD) * Products.UNIT
            - 32 * offset1.reduceLanes(VectorOperators.ADD);
  }
}
