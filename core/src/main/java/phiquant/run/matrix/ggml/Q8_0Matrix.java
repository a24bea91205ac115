package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.DigitPacking;
import phiquant.run.matrix.Input;

/**
 * Q8_0: {@code w = d · q}. A block of 32 weights has d as f16 and 32 signed bytes, which need no
 * unpacking; {@code Σ w·x = Σ_blocks d · Σ q·x}. Three distant rows are multiplied at once, for the
 * reasons that plain matrices have for four.
 */
final class Q8_0Matrix extends GgmlMatrix {
  private static final int BLOCK = 34;

  Q8_0Matrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns, DigitPacking.NONE);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    float[] x = input.x;
    long bytes = rowBytes();
    int apart = Math.ceilDiv(to - from, 3);
    for (int row = from; row < from + apart; row++) {
      int row1 = Math.min(row + apart, to - 1);
      int row2 = Math.min(row + 2 * apart, to - 1);
      long at = at(row, 0);
      long at1 = at(row1, 0);
      long at2 = at(row2, 0);
      FloatVector sum = FloatVector.zero(FLOATS);
      FloatVector sum1 = FloatVector.zero(FLOATS);
      FloatVector sum2 = FloatVector.zero(FLOATS);
      int k = 0;
      // Not "<", so that C2 does not unroll it.
      for (long b = 0; b != bytes; b += BLOCK) {
        FloatVector block = FloatVector.zero(FLOATS);
        FloatVector block1 = FloatVector.zero(FLOATS);
        FloatVector block2 = FloatVector.zero(FLOATS);
        for (int i = 0; i < 32; i += BYTE_COUNT) {
          ByteVector q = ByteVector.fromMemorySegment(BYTES, in, at + b + 2 + i, ORDER);
          ByteVector q1 = ByteVector.fromMemorySegment(BYTES, in, at1 + b + 2 + i, ORDER);
          ByteVector q2 = ByteVector.fromMemorySegment(BYTES, in, at2 + b + 2 + i, ORDER);
          for (int part = 0; part < PARTS; part++) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, k + i + part * COUNT);
            block = v.fma((FloatVector) q.convertShape(VectorOperators.B2F, FLOATS, part), block);
            block1 =
                v.fma((FloatVector) q1.convertShape(VectorOperators.B2F, FLOATS, part), block1);
            block2 =
                v.fma((FloatVector) q2.convertShape(VectorOperators.B2F, FLOATS, part), block2);
          }
        }
        sum = block.fma(FloatVector.broadcast(FLOATS, half(in, at + b)), sum);
        sum1 = block1.fma(FloatVector.broadcast(FLOATS, half(in, at1 + b)), sum1);
        sum2 = block2.fma(FloatVector.broadcast(FLOATS, half(in, at2 + b)), sum2);
        k += 32;
      }
      y[yAt + row] = sum.reduceLanes(VectorOperators.ADD);
      y[yAt + row1] = sum1.reduceLanes(VectorOperators.ADD);
      y[yAt + row2] = sum2.reduceLanes(VectorOperators.ADD);
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int to) {
    MemorySegment in = blocks;
    long at = at(row, column);
    for (int k = to; k < to + count; k += 32, at += BLOCK) {
      FloatVector d = FloatVector.broadcast(FLOATS, half(in, at));
      for (int i = 0; i < 32; i += BYTE_COUNT) {
        ByteVector q = ByteVector.fromMemorySegment(BYTES, in, at + 2 + i, ORDER);
        for (int part = 0; part < PARTS; part++) {
          FloatVector w = (FloatVector) q.convertShape(VectorOperators.B2F, FLOATS, part);
          w.mul(d).intoArray(out, k + i + part * COUNT);
        }
      }
    }
  }
}
