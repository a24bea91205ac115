package phiquant.engine.gguf.writer;

import java.lang.foreign.MemorySegment;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.BlockFormat;

/** Encodes rows as blocks, one after the other. */
record BlockRows(BlockFormat format) implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    format.encode(x, 0, Math.multiplyExact(rows, columns), out[0], 0);
  }
}
