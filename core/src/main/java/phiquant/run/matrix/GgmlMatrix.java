package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.Layout;
import phiquant.quant.ggml.GgmlType;

/** What the kernels of ggml's formats share: blocks that lie row after row. */
abstract class GgmlMatrix implements Matrix {
  final MemorySegment blocks;
  private final GgmlType type;
  private final int rows;
  private final int columns;

  GgmlMatrix(Layout.Ggml layout, int rows, int columns) {
    this.blocks = layout.blocks();
    this.type = layout.type();
    this.rows = rows;
    this.columns = columns;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int columns() {
    return columns;
  }

  @Override
  public final Rounding rounding() {
    return Rounding.of(type);
  }

  /** Bytes of a row. */
  final long rowBytes() {
    return (long) columns / type.blockSize() * type.blockBytes();
  }

  /** Where the block begins that holds a weight. */
  final long at(int row, int column) {
    return row * rowBytes() + (long) column / type.blockSize() * type.blockBytes();
  }

  static float half(MemorySegment blocks, long at) {
    return Float.float16ToFloat(blocks.get(JAVA_SHORT_UNALIGNED, at));
  }
}
