package phiquant.run.matrix.grouped;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.codes.Packed;

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
  void offsets(long index, int groups, float[] scales, float[] out) {
    int bits = layout.bits();
    int shift = bits == 8 ? 128 : 0;
    if (layout.zeroPoints().isEmpty()) {
      float zero = shift - (1 << (bits - 1));
      for (int g = 0; g < groups; g++) {
        out[g] = zero * scales[g];
      }
      return;
    }
    MemorySegment zeroPoints = layout.zeroPoints().get();
    long first = index / blocks * rowBytes * 8 / bits + index % blocks;
    for (int g = 0; g < groups; g++) {
      out[g] = (shift - Packed.single(zeroPoints, bits, first + g)) * scales[g];
    }
  }
}
