package phiquant.target.gguf;

import java.lang.foreign.MemorySegment;
import phiquant.quant.BlockFormat;
import phiquant.target.RowEncoder;

/** Encodes rows as blocks, one after the other. */
record BlockRows(BlockFormat format) implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    format.encode(x, 0, Math.multiplyExact(rows, columns), out[0], 0);
  }
}
