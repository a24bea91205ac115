package phiquant.run.matrix.ggml;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.Layout;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.DigitPacking;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;
import phiquant.run.matrix.Products;

/** What the kernels of ggml's formats share: blocks that lie row after row. */
abstract class GgmlMatrix extends Matrix {
  final MemorySegment blocks;
  private final GgmlType type;

  /**
   * @param packing for products in integers, where this machine's vectors and the columns allow it
   */
  GgmlMatrix(Layout.Ggml layout, int rows, int columns, DigitPacking packing) {
    super(
        rows,
        columns,
        Needs.packed(ActivationRounding.of(layout.type()), Products.packing(packing, columns)));
    this.blocks = layout.blocks();
    this.type = layout.type();
  }

  /** Bytes of a row. */
  final long rowBytes() {
    return (long) columns() / type.blockSize() * type.blockBytes();
  }

  /** Where the block begins that holds a weight. */
  final long at(int row, int column) {
    return row * rowBytes() + (long) column / type.blockSize() * type.blockBytes();
  }

  static float half(MemorySegment blocks, long at) {
    return GgmlBlock.half(blocks, at);
  }
}
