package phiquant.engine.openvino.writer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.engine.plan.RowEncoder;

/** Rows as plain floats of 32 or 16 bits. */
enum PlainRows implements RowEncoder {
  F32 {
    @Override
    public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
      MemorySegment.copy(x, 0, out[0], JAVA_FLOAT_UNALIGNED, 0, rows * columns);
    }
  },
  F16 {
    @Override
    public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
      short[] halves = new short[rows * columns];
      for (int i = 0; i < halves.length; i++) {
        halves[i] = Float.floatToFloat16(x[i]);
      }
      MemorySegment.copy(halves, 0, out[0], JAVA_SHORT_UNALIGNED, 0, halves.length);
    }
  }
}
