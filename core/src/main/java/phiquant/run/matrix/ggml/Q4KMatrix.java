package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.INTS;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PARTS;
import static phiquant.run.matrix.Products.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.DigitPacking;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Products;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.SmallCodes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Q4_K: {@code w = d · s · q - m · t} in eight groups of 32. A block of 256 weights has d and m as
 * f16, scales s and minimums t in twelve bytes ({@link SixBits}), and 128 bytes: byte 32p + i holds
 * weight 64p + i and, in its high half, 64p + 32 + i; {@code Σ w·x = d · Σ_groups s · Σ q·x - m ·
 * Σ_groups t · Σ x}.
 */
final class Q4KMatrix extends GgmlMatrix implements SmallCodes {
  private static final RowOfDigits DIGITS = new Q4KTokens();

  static final int BLOCK = 144;

  /** Weights that are multiplied together: their codes fill two vectors. */
  static final int BODY = 8 * LANES;

  /** 1 if that is half a block, 0 if it is a block. */
  static final int HALVES = Products.WIDE ? 0 : 1;

  /** How far the odd parts of a vector are from where they would be in one piece. */
  static final int NEXT = 2 * LANES - 16;

  /** A body's scales and minimums as bytes, four at a time. */
  static final VectorSpecies<Integer> BYTES4 = IntVector.SPECIES_128;

  /**
   * How {@link SixBits} unpacks bytes 4 to 11 and, four times, bytes 12 to 15, to the first four
   * scales, the first four minimums, and the other four of each; from 4 on, to those others only.
   */
  static final int[] SHIFT = {0, 0, 2, 2, 2, 2, 2, 2};

  static final int[] MASK = {
    0x3f3f3f3f, 0x3f3f3f3f, 0x30303030, 0x30303030, 0x30303030, 0x30303030, 0x30303030, 0x30303030
  };
  static final int[] LAST_SHIFT = {0, 0, 0, 4, 0, 4, 0, 4};
  static final int[] LAST_MASK = {
    0, 0, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f
  };

  /** Moves d, a block's first two bytes, to where m is: to the upper half of an int. */
  static final int[] UP = {16, 16, 16, 16, 0, 0, 0, 0, 16, 16, 16, 16, 0, 0, 0, 0};

  /** What {@link Input#spread} leaves of 2^112. */
  static final float LIFT = 0x1p32f;

  /** The scales of groups in lower halves: parts are from the chunks 0, 1, or 0, 2, 1, 3. */
  static final VectorShuffle<Float> LOW =
      VectorShuffle.fromOp(
          Products.FLOATS, i -> Products.WIDE ? i / 8 * 2 + i / 4 % 2 * 8 : i / 4 * 2);

  /** Those in upper halves. */
  static final VectorShuffle<Float> HIGH =
      VectorShuffle.fromOp(Products.FLOATS, i -> LOW.laneSource(i) + 1);

  /** The lanes of minimums. */
  static final VectorMask<Float> MINIMUMS = VectorMask.fromLong(Products.FLOATS, 0xf0f0);

  private final Unpacking codes;

  Q4KMatrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns, DigitPacking.CHUNKS);
    this.codes = new Q4KCodes(layout.blocks());
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    if (input.packing() == DigitPacking.CHUNKS) {
      multiplyIntegers(from, to, input, y, yAt);
    } else {
      multiplyFloats(from, to, input, y, yAt);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    if (inputs[0].packing() == DigitPacking.CHUNKS) {
      DIGITS.multiplyEach(this, from, to, inputs, tokens, y, yAt);
    } else {
      multiplyInTurn(from, to, inputs, tokens, y, yAt);
    }
  }

  /**
   * A block at a time, or half of one with vectors of 256 bits: two vectors of codes, whose lower
   * halves are one vector of sums and whose upper halves are another.
   */
  private void multiplyIntegers(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    short[] factors = input.factors;
    float[] spread = input.spread;
    int bodies = columns() / BODY;
    // Of an odd number of rows, the last is done twice.
    int pairs = (to - from + 1) / 2;
    for (int row = from; row < from + pairs; row++) {
      int other = Math.min(row + pairs, to - 1);
      long at = at(row, 0);
      long otherAt = at(other, 0);
      FloatVector low = FloatVector.zero(Products.FLOATS);
      FloatVector high = FloatVector.zero(Products.FLOATS);
      FloatVector offset = FloatVector.zero(Products.FLOATS);
      FloatVector otherLow = low;
      FloatVector otherHigh = high;
      FloatVector otherOffset = offset;
      for (int n = 0; n < 2 * bodies; n++) {
        int i = n >> 1;
        long block = at + (long) (i >> HALVES) * BLOCK;
        int half = i & HALVES;
        int k = i * BODY;
        IntVector scales =
            LongVector.broadcast(LongVector.SPECIES_128, in.get(JAVA_LONG_UNALIGNED, block + 4))
                .reinterpretAsInts()
                .lanewise(VectorOperators.LSHR, IntVector.fromArray(BYTES4, SHIFT, 4 * half))
                .and(IntVector.fromArray(BYTES4, MASK, 4 * half))
                .or(
                    IntVector.broadcast(BYTES4, in.get(JAVA_INT_UNALIGNED, block + 12))
                        .lanewise(
                            VectorOperators.LSHR, IntVector.fromArray(BYTES4, LAST_SHIFT, 4 * half))
                        .and(IntVector.fromArray(BYTES4, LAST_MASK, 4 * half)));
        // A half in the upper bits of a float, moved to the places of its exponent and mantissa.
        FloatVector s =
            IntVector.broadcast(Products.INTS, in.get(JAVA_INT_UNALIGNED, block))
                .lanewise(VectorOperators.LSHL, IntVector.fromArray(Products.INTS, UP, 0))
                .lanewise(VectorOperators.ASHR, 3)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .mul(FloatVector.fromArray(Products.FLOATS, spread, k / 16))
                .mul(
                    scales
                        .reinterpretAsBytes()
                        .convertShape(VectorOperators.B2F, Products.FLOATS, 0));
        FloatVector offsetNow = s.add(offset);
        long first = block + 16 + 64 * half;
        ShortVector a =
            IntVector.fromMemorySegment(Products.INTS, in, first, ORDER)
                .blend(
                    IntVector.fromMemorySegment(Products.INTS, in, first + NEXT, ORDER),
                    Products.ODD)
                .reinterpretAsShorts();
        ShortVector b =
            IntVector.fromMemorySegment(Products.INTS, in, first + 16, ORDER)
                .blend(
                    IntVector.fromMemorySegment(Products.INTS, in, first + 16 + NEXT, ORDER),
                    Products.ODD)
                .reinterpretAsShorts();
        ShortVector a0 = a.and((short) 0x0f0f);
        ShortVector b0 = b.and((short) 0x0f0f);
        ShortVector a1 = a.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f);
        ShortVector b1 = b.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f);
        FloatVector l =
            (FloatVector)
                a0.mul(ShortVector.fromArray(Products.SHORTS, factors, k))
                    .add(
                        a0.lanewise(VectorOperators.LSHR, 8)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + LANES)))
                    .add(
                        b0.mul(ShortVector.fromArray(Products.SHORTS, factors, k + 2 * LANES))
                            .add(
                                b0.lanewise(VectorOperators.LSHR, 8)
                                    .mul(
                                        ShortVector.fromArray(
                                            Products.SHORTS, factors, k + 3 * LANES))))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector h =
            (FloatVector)
                a1.mul(ShortVector.fromArray(Products.SHORTS, factors, k + 4 * LANES))
                    .add(
                        a.lanewise(VectorOperators.LSHR, 12)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 5 * LANES)))
                    .add(
                        b1.mul(ShortVector.fromArray(Products.SHORTS, factors, k + 6 * LANES))
                            .add(
                                b.lanewise(VectorOperators.LSHR, 12)
                                    .mul(
                                        ShortVector.fromArray(
                                            Products.SHORTS, factors, k + 7 * LANES))))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector lowNow = l.fma(s.rearrange(LOW), low);
        FloatVector highNow = h.fma(s.rearrange(HIGH), high);
        low = otherLow;
        otherLow = lowNow;
        high = otherHigh;
        otherHigh = highNow;
        offset = otherOffset;
        otherOffset = offsetNow;
        long next = otherAt;
        otherAt = at;
        at = next;
      }
      y[yAt + row] =
          low.add(high).reduceLanes(VectorOperators.ADD) * (Products.UNIT * LIFT)
              + offset.reduceLanes(VectorOperators.ADD, MINIMUMS) * LIFT;
      y[yAt + other] =
          otherLow.add(otherHigh).reduceLanes(VectorOperators.ADD) * (Products.UNIT * LIFT)
              + otherOffset.reduceLanes(VectorOperators.ADD, MINIMUMS) * LIFT;
    }
  }

  private void multiplyFloats(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    float[] x = input.x;
    int columns = columns();
    Codes own = Codes.own(columns);
    float[] scales = own.scales;
    long at = at(from, 0);
    for (int row = from; row < to; row++, at += rowBytes()) {
      for (int b = 0; b < columns / 256; b++) {
        SixBits.unpack(in, at + (long) b * BLOCK, scales, own.offsets, 8 * b);
      }
      FloatVector even = FloatVector.zero(FLOATS);
      FloatVector odd = FloatVector.zero(FLOATS);
      for (int pair = 0; pair < columns >> 6; pair++) {
        long start = at + BLOCK * (pair >> 2) + 16 + 32 * (pair & 3);
        FloatVector low = FloatVector.zero(FLOATS);
        FloatVector high = FloatVector.zero(FLOATS);
        Cuts.survive(in, start);
        for (int i = 0; i < 32; i += BYTE_COUNT) {
          ByteVector q = ByteVector.fromMemorySegment(BYTES, in, start + i, ORDER);
          for (int part = 0; part < PARTS; part++) {
            int column = 64 * pair + i + part * COUNT;
            IntVector both =
                (IntVector) q.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, part);
            FloatVector a = (FloatVector) both.and(15).convert(VectorOperators.I2F, 0);
            FloatVector b =
                (FloatVector)
                    both.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0);
            low = a.fma(FloatVector.fromArray(FLOATS, x, column), low);
            high = b.fma(FloatVector.fromArray(FLOATS, x, column + 32), high);
          }
        }
        even = low.fma(FloatVector.broadcast(FLOATS, scales[2 * pair]), even);
        odd = high.fma(FloatVector.broadcast(FLOATS, scales[2 * pair + 1]), odd);
      }
      y[yAt + row] =
          even.add(odd).reduceLanes(VectorOperators.ADD)
              + own.dotOffsets(0, input.sums32, columns / 32);
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    MemorySegment in = blocks;
    long at = at(row, column);
    for (int k = to; k < to + count; k += 256, at += BLOCK) {
      long s = SixBits.scales(in, at);
      long t = SixBits.mins(in, at);
      float d = half(in, at);
      float m = -half(in, at + 2);
      for (int pair = 0; pair < 4; pair++, s >>>= 16, t >>>= 16) {
        FloatVector lowScale = FloatVector.broadcast(FLOATS, d * (s & 63));
        FloatVector highScale = FloatVector.broadcast(FLOATS, d * (s >> 8 & 63));
        FloatVector lowMin = FloatVector.broadcast(FLOATS, m * (t & 63));
        FloatVector highMin = FloatVector.broadcast(FLOATS, m * (t >> 8 & 63));
        for (int i = 0; i < 32; i += BYTE_COUNT) {
          ByteVector q = ByteVector.fromMemorySegment(BYTES, in, at + 16 + 32 * pair + i, ORDER);
          ByteVector l = q.and((byte) 15);
          ByteVector h =
              q.reinterpretAsInts()
                  .lanewise(VectorOperators.LSHR, 4)
                  .and(0x0f0f0f0f)
                  .reinterpretAsBytes();
          for (int part = 0; part < PARTS; part++) {
            int column0 = k + 64 * pair + i + part * COUNT;
            FloatVector a = (FloatVector) l.convertShape(VectorOperators.B2F, FLOATS, part);
            FloatVector b = (FloatVector) h.convertShape(VectorOperators.B2F, FLOATS, part);
            a.fma(lowScale, lowMin).intoArray(out, column0);
            b.fma(highScale, highMin).intoArray(out, column0 + 32);
          }
        }
      }
    }
  }

  @Override
  public Unpacking unpacking() {
    return codes;
  }
}
