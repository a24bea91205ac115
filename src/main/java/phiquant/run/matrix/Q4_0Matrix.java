package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.INTS;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import phiquant.checkpoint.Layout;

/**
 * Q4_0: {@code w = d · (q - 8)}. A block of 32 weights has d as f16 and 16 bytes: weight i in the
 * low half of byte i, weight i + 16 in its high half; {@code Σ w·x = Σ_blocks d · (Σ q·x - 8 · Σ
 * x)}.
 */
final class Q4_0Matrix extends GgmlMatrix implements SmallCodes {
  private static final int BLOCK = 18;

  private static final VectorMask<Integer> SECOND = VectorMask.fromLong(Products.INTS, 0xf0);

  Q4_0Matrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns);
  }

  @Override
  public Packing packing() {
    return Products.packing(Packing.SPLIT, columns());
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    if (input.packing() == Packing.SPLIT) {
      multiplyIntegers(from, to, input, y, yAt);
    } else {
      multiplyFloats(from, to, input, y, yAt);
    }
  }

  /** Two blocks to a vector, four at a time. */
  private void multiplyIntegers(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    short[] factors = input.factors;
    float[] steps = input.steps;
    float[] sums = input.sums32;
    int columns = columns();
    float[] scales = Codes.own(columns).scales;
    for (int row = from; row < to; row++) {
      long at = at(row, 0);
      for (int b = 0; b < columns / 32; b++) {
        scales[b] = half(in, at + b * BLOCK);
      }
      FloatVector even = FloatVector.zero(Products.FLOATS);
      FloatVector odd = FloatVector.zero(Products.FLOATS);
      FloatVector offset = FloatVector.zero(Products.FOUR);
      for (int k = 0; k < columns; k += 128, at += 4 * BLOCK) {
        FloatVector d = FloatVector.fromArray(Products.FOUR, scales, k / 32);
        offset = d.fma(FloatVector.fromArray(Products.FOUR, sums, k / 32), offset);
        FloatVector s =
            FloatVector.fromArray(Products.FLOATS, scales, k / 32)
                .mul(FloatVector.fromArray(Products.FLOATS, steps, k / 32));
        // The codes of a second block are at the end of a vector that begins before it.
        ShortVector a =
            IntVector.fromMemorySegment(Products.INTS, in, at + 2, ORDER)
                .blend(
                    IntVector.fromMemorySegment(Products.INTS, in, at + BLOCK + 2 - 16, ORDER),
                    SECOND)
                .reinterpretAsShorts();
        ShortVector b =
            IntVector.fromMemorySegment(Products.INTS, in, at + 2 * BLOCK + 2, ORDER)
                .blend(
                    IntVector.fromMemorySegment(Products.INTS, in, at + 3 * BLOCK + 2 - 16, ORDER),
                    SECOND)
                .reinterpretAsShorts();
        ShortVector p0 =
            a.mul(ShortVector.fromArray(Products.SHORTS, factors, k))
                .add(
                    a.lanewise(VectorOperators.LSHR, 4)
                        .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 16)))
                .add(
                    a.lanewise(VectorOperators.LSHR, 8)
                        .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 32))
                        .add(
                            a.lanewise(VectorOperators.LSHR, 12)
                                .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 48))));
        ShortVector p1 =
            b.mul(ShortVector.fromArray(Products.SHORTS, factors, k + 64))
                .add(
                    b.lanewise(VectorOperators.LSHR, 4)
                        .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 64 + 16)))
                .add(
                    b.lanewise(VectorOperators.LSHR, 8)
                        .mul(ShortVector.fromArray(Products.SHORTS, factors, k + 64 + 32))
                        .add(
                            b.lanewise(VectorOperators.LSHR, 12)
                                .mul(
                                    ShortVector.fromArray(Products.SHORTS, factors, k + 64 + 48))));
        FloatVector w0 =
            (FloatVector)
                p0.reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convert(VectorOperators.I2F, 0);
        FloatVector w1 =
            (FloatVector)
                p1.reinterpretAsInts()
                    .mul(Products.ADD)
                    .and(Products.UPPER)
                    .convert(VectorOperators.I2F, 0);
        even = w0.fma(s.rearrange(Products.HALVES0), even);
        odd = w1.fma(s.rearrange(Products.HALVES1), odd);
      }
      y[yAt + row] =
          even.add(odd).reduceLanes(VectorOperators.ADD) * Products.UNIT
              - 8 * offset.reduceLanes(VectorOperators.ADD);
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
    return new Q4_0(blocks);
  }
}
