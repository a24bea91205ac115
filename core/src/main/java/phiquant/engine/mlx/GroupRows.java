package phiquant.engine.mlx;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.grid.GridFormat;

/** Encodes rows into packed codes, scales and, in affine mode, biases. */
record GroupRows(GroupFormat format) implements RowEncoder {
  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    int groups = rows * columns / format.groupSize();
    format.encode(x, 0, groups, out[0], out[1], out.length > 2 ? out[2] : null);
  }

  @Override
  public Optional<GridFormat> grid() {
    return format.grid();
  }
}
