package phiquant.run.matrix;

import phiquant.checkpoint.Layout;

/**
 * MatMulNBits of ONNX Runtime: {@code w = (code - zero) · scale}, codes unsigned, zero points
 * packed in bytes of their own for each row.
 */
final class BlockedCodes extends GroupCodes {
  private final Layout.Blocked layout;
  private final int blocks;
  private final int rowBytes;

  /**
   * @param columns a multiple of the block
   */
  BlockedCodes(Layout.Blocked layout, int columns) {
    super(
        layout.codes(), layout.bits(), layout.block(), false, layout.scaleType(), layout.scales());
    this.layout = layout;
    this.blocks = columns / layout.block();
    this.rowBytes = Math.ceilDiv(blocks * layout.bits(), 8);
  }

  @Override
  float offset(long index, float scale) {
    int zero = 1 << (layout.bits() - 1);
    if (layout.zeroPoints().isPresent()) {
      long row = index / blocks;
      long code = row * rowBytes * 8 / layout.bits() + index % blocks;
      zero = code(layout.zeroPoints().get(), layout.bits(), code);
    }
    return ((layout.bits() == 8 ? 128 : 0) - zero) * scale;
  }
}
