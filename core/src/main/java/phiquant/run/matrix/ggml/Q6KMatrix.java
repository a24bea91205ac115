package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PARTS;
import static phiquant.run.matrix.Products.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.DigitPacking;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Products;

/**
 * Q6_K: {@code w = d · s · (q - 32)} in sixteen groups of 16. A block of 256 weights has 128 bytes
 * with the low halves (byte 64h + i holds weights 128h + i and 128h + 64 + i), 64 bytes with the
 * upper two bits (byte 32h + i holds those of weights 128h + i, + 32, + 64 and + 96), 16 signed
 * scales s and d as f16; {@code Σ w·x = d · Σ_groups s · (Σ q·x - 32 · Σ x)}.
 */
final class Q6KMatrix extends GgmlMatrix {
  private static final RowOfDigits DIGITS = new Q6KTokens();

  static final int BLOCK = 210;

  /** Weights that are multiplied together: their low halves fill two vectors. */
  static final int BODY = 8 * LANES;

  /** 1 if that is half a block, 0 if it is a block. */
  static final int HALVES = Products.WIDE ? 0 : 1;

  /** The first weight of the second vector. */
  static final int SECOND = Products.WIDE ? 128 : 32;

  /** Bytes of a body's scales. */
  static final VectorSpecies<Byte> SCALES =
      Products.WIDE ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  /** A body's scales for low and upper halves of the first vector, then of the second. */
  static final VectorShuffle<Float> SCALES0 = scales(0);

  static final VectorShuffle<Float> SCALES1 = scales(4);
  static final VectorShuffle<Float> SCALES2 = scales(SECOND / 16);
  static final VectorShuffle<Float> SCALES3 = scales(SECOND / 16 + 4);

  /** The upper half of a vector of 512 bits in both halves. */
  static final VectorShuffle<Integer> TWICE = VectorShuffle.fromOp(Products.INTS, i -> i % 8 + 8);

  /** How far the upper bits are moved to be those of the high halves, by 32 bytes. */
  static final int[] RIGHT = {0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2};

  Q6KMatrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns, DigitPacking.BYTES);
  }

  private static VectorShuffle<Float> scales(int first) {
    return VectorShuffle.fromOp(Products.FLOATS, i -> first + i / 4);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    if (input.packing() == DigitPacking.BYTES) {
      multiplyIntegers(from, to, input, y, yAt);
    } else {
      multiplyFloats(from, to, input, y, yAt);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    if (inputs[0].packing() == DigitPacking.BYTES) {
      DIGITS.multiplyEach(this, from, to, inputs, tokens, y, yAt);
    } else {
      multiplyInTurn(from, to, inputs, tokens, y, yAt);
    }
  }

  /**
   * A block at a time, or half of one with vectors of 256 bits: two vectors of low halves. A vector
   * of 512 bits has them for twice 64 weights, so that the upper bits are needed twice.
   */
  private void multiplyIntegers(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    short[] factors = input.factors;
    float[] steps = input.steps;
    float[] sums = input.sums16;
    int bodies = columns() / BODY;
    // Of an odd number of rows, the last is done twice.
    int pairs = (to - from + 1) / 2;
    for (int row = from; row < from + pairs; row++) {
      int other = Math.min(row + pairs, to - 1);
      long at = at(row, 0);
      long otherAt = at(other, 0);
      FloatVector even = FloatVector.zero(Products.FLOATS);
      FloatVector odd = FloatVector.zero(Products.FLOATS);
      FloatVector offset = FloatVector.zero(Products.FLOATS);
      FloatVector otherEven = even;
      FloatVector otherOdd = odd;
      FloatVector otherOffset = offset;
      for (int n = 0; n < 2 * bodies; n++) {
        int i = n >> 1;
        long block = at + (long) (i >> HALVES) * BLOCK;
        int half = i & HALVES;
        int k = i * BODY;
        FloatVector s =
            (FloatVector)
                ByteVector.fromMemorySegment(SCALES, in, block + 192 + 8 * half, ORDER)
                    .convertShape(VectorOperators.B2F, Products.FLOATS, 0);
        s = s.mul(half(in, block + 208));
        FloatVector offsetNow = s.fma(FloatVector.fromArray(Products.FLOATS, sums, k / 16), offset);
        s = s.mul(steps[k / 32]);
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
          c = c.rearrange(TWICE);
          d = IntVector.fromMemorySegment(Products.INTS, in, upper + 32, ORDER).rearrange(TWICE);
        }
        c = c.lanewise(VectorOperators.LSHR, IntVector.fromArray(Products.INTS, RIGHT, 0));
        d = d.lanewise(VectorOperators.LSHR, IntVector.fromArray(Products.INTS, RIGHT, 8 * HALVES));
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
        FloatVector w0 =
            (FloatVector)
                q0.mul(ShortVector.fromArray(Products.SHORTS, factors, k))
                    .add(
                        q0.lanewise(VectorOperators.LSHR, 8)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + LANES)))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector w1 =
            (FloatVector)
                q1.mul(ShortVector.fromArray(Products.SHORTS, factors, k + 64))
                    .add(
                        q1.lanewise(VectorOperators.LSHR, 8)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 64 + LANES)))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector w2 =
            (FloatVector)
                q2.mul(ShortVector.fromArray(Products.SHORTS, factors, k + SECOND))
                    .add(
                        q2.lanewise(VectorOperators.LSHR, 8)
                            .mul(
                                ShortVector.fromArray(
                                    Products.SHORTS, factors, k + SECOND + LANES)))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector w3 =
            (FloatVector)
                q3.mul(ShortVector.fromArray(Products.SHORTS, factors, k + SECOND + 64))
                    .add(
                        q3.lanewise(VectorOperators.LSHR, 8)
                            .mul(
                                ShortVector.fromArray(
                                    Products.SHORTS, factors, k + SECOND + 64 + LANES)))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector evenNow = w2.fma(s.rearrange(SCALES2), w0.fma(s.rearrange(SCALES0), even));
        FloatVector oddNow = w3.fma(s.rearrange(SCALES3), w1.fma(s.rearrange(SCALES1), odd));
        even = otherEven;
        otherEven = evenNow;
        odd = otherOdd;
        otherOdd = oddNow;
        offset = otherOffset;
        otherOffset = offsetNow;
        long next = otherAt;
        otherAt = at;
        at = next;
      }
      y[yAt + row] =
          even.add(odd).reduceLanes(VectorOperators.ADD) * Products.UNIT
              - 32 * offset.reduceLanes(VectorOperators.ADD);
      y[yAt + other] =
          otherEven.add(otherOdd).reduceLanes(VectorOperators.ADD) * Products.UNIT
              - 32 * otherOffset.reduceLanes(VectorOperators.ADD);
    }
  }

  private void multiplyFloats(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    float[] x = input.x;
    float[] sums = input.sums16;
    float[] scales = new float[16];
    int columns = columns();
    long at = at(from, 0);
    for (int row = from; row < to; row++) {
      FloatVector sum0 = FloatVector.zero(FLOATS);
      FloatVector sum1 = FloatVector.zero(FLOATS);
      FloatVector sum2 = FloatVector.zero(FLOATS);
      FloatVector sum3 = FloatVector.zero(FLOATS);
      for (int k = 0; k < columns; k += 256, at += BLOCK) {
        float d = half(in, at + 208);
        for (int i = 0; i < 16; i += BYTE_COUNT) {
          ByteVector s = ByteVector.fromMemorySegment(BYTES, in, at + 192 + i, ORDER);
          for (int part = 0; part < PARTS; part++) {
            int group = i + part * COUNT;
            FloatVector scale = (FloatVector) s.convertShape(VectorOperators.B2F, FLOATS, part);
            scale = scale.mul(d);
            scale.intoArray(scales, group);
            FloatVector offset = FloatVector.fromArray(FLOATS, sums, k / 16 + group).mul(-32);
            sum0 = scale.fma(offset, sum0);
          }
        }
        for (int half = 0; half < 2; half++) {
          for (int i = 0; i < 32; i += BYTE_COUNT) {
            long low = at + 64 * half + i;
            IntVector a = ByteVector.fromMemorySegment(BYTES, in, low, ORDER).reinterpretAsInts();
            IntVector b =
                ByteVector.fromMemorySegment(BYTES, in, low + 32, ORDER).reinterpretAsInts();
            IntVector c =
                ByteVector.fromMemorySegment(BYTES, in, at + 128 + 32 * half + i, ORDER)
                    .reinterpretAsInts();
            ByteVector q0 =
                a.and(0x0f0f0f0f)
                    .or(c.lanewise(VectorOperators.LSHL, 4).and(0x30303030))
                    .reinterpretAsBytes();
            ByteVector q1 =
                b.and(0x0f0f0f0f)
                    .or(c.lanewise(VectorOperators.LSHL, 2).and(0x30303030))
                    .reinterpretAsBytes();
            ByteVector q2 =
                a.lanewise(VectorOperators.LSHR, 4)
                    .and(0x0f0f0f0f)
                    .or(c.and(0x30303030))
                    .reinterpretAsBytes();
            ByteVector q3 =
                b.lanewise(VectorOperators.LSHR, 4)
                    .and(0x0f0f0f0f)
                    .or(c.lanewise(VectorOperators.LSHR, 2).and(0x30303030))
                    .reinterpretAsBytes();
            int group = 8 * half + i / 16;
            FloatVector s0 = FloatVector.broadcast(FLOATS, scales[group]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, scales[group + 2]);
            FloatVector s2 = FloatVector.broadcast(FLOATS, scales[group + 4]);
            FloatVector s3 = FloatVector.broadcast(FLOATS, scales[group + 6]);
            for (int part = 0; part < PARTS; part++) {
              int column = k + 128 * half + i + part * COUNT;
              FloatVector w0 = (FloatVector) q0.convertShape(VectorOperators.B2F, FLOATS, part);
              FloatVector w1 = (FloatVector) q1.convertShape(VectorOperators.B2F, FLOATS, part);
              FloatVector w2 = (FloatVector) q2.convertShape(VectorOperators.B2F, FLOATS, part);
              FloatVector w3 = (FloatVector) q3.convertShape(VectorOperators.B2F, FLOATS, part);
              sum0 = w0.mul(s0).fma(FloatVector.fromArray(FLOATS, x, column), sum0);
              sum1 = w1.mul(s1).fma(FloatVector.fromArray(FLOATS, x, column + 32), sum1);
              sum2 = w2.mul(s2).fma(FloatVector.fromArray(FLOATS, x, column + 64), sum2);
              sum3 = w3.mul(s3).fma(FloatVector.fromArray(FLOATS, x, column + 96), sum3);
            }
          }
        }
      }
      y[yAt + row] = sum0.add(sum1).add(sum2.add(sum3)).reduceLanes(VectorOperators.ADD);
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    MemorySegment in = blocks;
    long at = at(row, column);
    for (int k = to; k < to + count; k += 256, at += BLOCK) {
      float d = half(in, at + 208);
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 32; i += BYTE_COUNT) {
          IntVector c =
              ByteVector.fromMemorySegment(BYTES, in, at + 128 + 32 * half + i, ORDER)
                  .reinterpretAsInts()
                  .lanewise(VectorOperators.ROL, 4);
          for (int quarter = 0; quarter < 4; quarter++) {
            int low = 64 * half + 32 * (quarter & 1) + i;
            ByteVector q =
                ByteVector.fromMemorySegment(BYTES, in, at + low, ORDER)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHR, 2 * (quarter & 2))
                    .and(0x0f0f0f0f)
                    .or(c.lanewise(VectorOperators.ROR, 2 * quarter).and(0x30303030))
                    .reinterpretAsBytes()
                    .sub((byte) 32);
            float scale =
                d
                    * in.get(
                        java.lang.foreign.ValueLayout.JAVA_BYTE,
                        at + 192 + 8 * half + 2 * quarter + i / 16);
            for (int part = 0; part < PARTS; part++) {
              FloatVector w = (FloatVector) q.convertShape(VectorOperators.B2F, FLOATS, part);
              w.mul(scale).intoArray(out, k + 128 * half + 32 * quarter + i + part * COUNT);
            }
          }
        }
      }
    }
  }
}
