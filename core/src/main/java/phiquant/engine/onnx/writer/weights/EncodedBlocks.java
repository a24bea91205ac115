package phiquant.engine.onnx.writer.weights;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * Encodes rows in blocks into codes, scales and, where there are any, zero points.
 *
 * @param encoder of the format
 * @param grid of the format, unless rows need filling up
 */
record EncodedBlocks(NBitsFormat.Weighted encoder, Optional<GridFormat> grid)
    implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    encoder.encode(x, rows, columns, out[0], out[1], out.length > 2 ? out[2] : null);
  }
}
