package phiquant.run.matrix;

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

/**
 * Q8_0: {@code w = d · q}. A block of 32 weights has d as f16 and 32 signed bytes, which need no
 * unpacking; {@code Σ w·x = Σ_blocks d · Σ q·x}.
 */
final class Q8_0Matrix extends GgmlMatrix {
  private static final int BLOCK = 34;

  Q8_0Matrix(Layout.Ggml layout, int rows, int columns) {
    super(layout, rows, columns);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = blocks;
    float[] x = input.x;
    int count = columns() / 32;
    for (int row = from; row < to; row++) {
      long at = at(row, 0);
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int b = 0; b < count; b++) {
        long start = at + (long) b * BLOCK;
        FloatVector block = FloatVector.zero(FLOATS);
        for (int i = 0; i < 32; i += BYTE_COUNT) {
          ByteVector q = ByteVector.fromMemorySegment(BYTES, in, start + 2 + i, ORDER);
          for (int part = 0; part < PARTS; part++) {
            FloatVector w = (FloatVector) q.convertShape(VectorOperators.B2F, FLOATS, part);
            block = w.fma(FloatVector.fromArray(FLOATS, x, 32 * b + i + part * COUNT), block);
          }
        }
        sum = block.fma(FloatVector.broadcast(FLOATS, half(in, start)), sum);
      }
      y[yAt + row] = sum.reduceLanes(VectorOperators.ADD);
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
