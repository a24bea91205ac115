package phiquant.engine.gguf.writer;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.quant.grid.GridFormat;

/** Encodes rows as blocks, one after the other. */
record BlockRows(BlockFormat format) implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    format.encode(x, 0, Math.multiplyExact(rows, columns), out[0], 0);
  }

  @Override
  public Optional<GridFormat> grid() {
    return GgmlType.named(format.name()).flatMap(GgmlFormats::grid);
  }
}
