package phiquant.run.matrix.ggml;

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
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.DigitPacking;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Products;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.SmallCodes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Q4_0: {@code w = d · (q - 8)}. A block of 32 weights has d as f16 and 16 bytes: weight i in the
 * low half of byte i, weight i + 16 in its high half; {@code Σ w·x = Σ_blocks d · (Σ q·x - 8 · Σ
 * x)}.
 */
final class Q4_0Matrix extends GgmlMatrix implements SmallCodes {
  private static final int BLOCK = 18;

  /** Weights that are multiplied together. */
  private static final int BODY = 32 * Products.PARTS;

  /** A block's scale for its part of a vector. */
  private static final VectorShuffle<Float> SPREAD =
      VectorShuffle.fromOp(Products.FLOATS, i -> i / 4);

  /** Where four blocks of nine shorts have their codes, the last of which end behind a vector. */
  private static final VectorShuffle<Short> CODES =
      VectorShuffle.fromOp(Products.SHORTS, i -> Math.min(i + i / 8 + 1, LANES - 1));

  /** Those that do. */
  private static final VectorMask<Short> LAST = VectorMask.fromLong(Products.SHORTS, 0xff000000L);

  /** Where they have their scales. */
  private static final VectorShuffle<Short> SCALES =
      VectorShuffle.fromOp(Products.SHORTS, i -> Math.min(i / 8 * 9, LANES - 1));

  private final Unpacking codes;

  Q4_0Matrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns, DigitPacking.SPLIT);
    this.codes = new Q4_0Codes(layout.blocks());
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    if (input.packing() == DigitPacking.SPLIT) {
      multiplyIntegers(from, to, input, y, yAt);
    } else {
      multiplyFloats(from, to, input, y, yAt);
    }
  }

  /** As many blocks at a time as fill a vector: two or four. */
  private void multiplyIntegers(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    short[] factors = input.factors;
    float[] steps = input.steps;
    float[] spread = input.spread;
    int columns = columns();
    int bodies = columns / BODY;
    float[] scales = Products.WIDE ? spread : Codes.own(columns).scales;
    // Of an odd number of rows, the last is done twice.
    int pairs = (to - from + 1) / 2;
    for (int row = from; row < from + pairs; row++) {
      int other = Math.min(row + pairs, to - 1);
      long at = at(row, 0);
      long otherAt = at(other, 0);
      if (!Products.WIDE) {
        for (int b = 0; b < columns / 32; b++) {
          scales[b] = half(in, at + (long) b * BLOCK) * steps[b];
          scales[columns / 32 + b] = half(in, otherAt + (long) b * BLOCK) * steps[b];
        }
      }
      FloatVector sum = FloatVector.zero(Products.FLOATS);
      FloatVector otherSum = sum;
      for (int n = 0; n < 2 * bodies; n++) {
        int i = n >> 1;
        long block = at + (long) i * (Products.PARTS * BLOCK);
        int k = i * (5 * LANES);
        ShortVector q;
        FloatVector s;
        if (Products.WIDE) {
          ShortVector all = ShortVector.fromMemorySegment(Products.SHORTS, in, block, ORDER);
          q =
              all.rearrange(CODES)
                  .blend(
                      ShortVector.fromMemorySegment(Products.SHORTS, in, block + 8, ORDER), LAST);
          // A half in the upper bits of a float, moved to the places of its exponent and mantissa.
          s =
              all.rearrange(SCALES)
                  .reinterpretAsInts()
                  .lanewise(VectorOperators.ASHR, 3)
                  .and(0x8fffe000)
                  .reinterpretAsFloats()
                  .mul(FloatVector.fromArray(Products.FLOATS, spread, i * (BODY / 8)));
        } else {
          // The codes of a second block are at the end of a vector that begins before it.
          q =
              IntVector.fromMemorySegment(Products.INTS, in, block + 2, ORDER)
                  .blend(
                      IntVector.fromMemorySegment(Products.INTS, in, block + 4, ORDER),
                      Products.ODD)
                  .reinterpretAsShorts();
          s =
              FloatVector.fromArray(
                      Products.FLOATS, scales, (n & 1) * (columns / 32) + i * Products.PARTS)
                  .rearrange(SPREAD);
        }
        FloatVector w =
            (FloatVector)
                q.mul(ShortVector.fromArray(Products.SHORTS, factors, k))
                    .add(
                        q.lanewise(VectorOperators.LSHR, 4)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + LANES)))
                    .add(
                        q.lanewise(VectorOperators.LSHR, 8)
                            .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 2 * LANES))
                            .add(
                                q.lanewise(VectorOperators.LSHR, 12)
                                    .mul(
                                        ShortVector.fromArray(
                                            Products.SHORTS, factors, k + 3 * LANES))))
                    .add(ShortVector.fromArray(Products.SHORTS, factors, k + 4 * LANES))
                    .reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convertShape(VectorOperators.I2F, Products.FLOATS, 0);
        FloatVector sumNow = w.fma(s, sum);
        sum = otherSum;
        otherSum = sumNow;
        long next = otherAt;
        otherAt = at;
        at = next;
      }
      y[yAt + row] = sum.reduceLanes(VectorOperators.ADD) * Products.UNIT;
      y[yAt + other] = otherSum.reduceLanes(VectorOperators.ADD) * Products.UNIT;
    }
  }

  private void multiplyFloats(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    float[] x = input.x;
    float[] sums = input.sums32;
    int columns = columns();
    long at = at(from, 0);
    for (int row = from; row < to; row++) {
      FloatVector sum = FloatVector.zero(FLOATS);
      float offset = 0;
      for (int k = 0; k < columns; k += 32, at += BLOCK) {
        FloatVector block = FloatVector.zero(FLOATS);
        for (int i = 0; i < 16; i += BYTE_COUNT) {
          ByteVector q = ByteVector.fromMemorySegment(BYTES, in, at + 2 + i, ORDER);
          for (int part = 0; part < PARTS; part++) {
            int column = k + i + part * COUNT;
            IntVector both =
                (IntVector) q.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, part);
            FloatVector a = (FloatVector) both.and(15).convert(VectorOperators.I2F, 0);
            FloatVector b =
                (FloatVector)
                    both.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0);
            block = a.fma(FloatVector.fromArray(FLOATS, x, column), block);
            block = b.fma(FloatVector.fromArray(FLOATS, x, column + 16), block);
          }
        }
        float d = half(in, at);
        offset += d * sums[k >> 5];
        sum = block.fma(FloatVector.broadcast(FLOATS, d), sum);
      }
      y[yAt + row] = sum.reduceLanes(VectorOperators.ADD) - 8 * offset;
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    long at = at(row, column);
    for (int k = 0; k < count; k += 32, at += BLOCK) {
      FloatVector d = FloatVector.broadcast(FLOATS, half(blocks, at));
      for (int i = 0; i < 16; i += BYTE_COUNT) {
        ByteVector q = ByteVector.fromMemorySegment(BYTES, blocks, at + 2 + i, ORDER);
        ByteVector low = q.and((byte) 15).sub((byte) 8);
        ByteVector high =
            q.reinterpretAsInts()
                .lanewise(VectorOperators.LSHR, 4)
                .and(0x0f0f0f0f)
                .reinterpretAsBytes()
                .sub((byte) 8);
        for (int part = 0; part < PARTS; part++) {
          int at16 = to + k + i + part * COUNT;
          FloatVector a = (FloatVector) low.convertShape(VectorOperators.B2F, FLOATS, part);
          FloatVector b = (FloatVector) high.convertShape(VectorOperators.B2F, FLOATS, part);
          a.mul(d).intoArray(out, at16);
          b.mul(d).intoArray(out, at16 + 16);
        }
      }
    }
  }

  @Override
  public Unpacking unpacking() {
    return codes;
  }
}
