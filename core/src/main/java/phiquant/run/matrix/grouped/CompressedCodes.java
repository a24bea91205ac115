package phiquant.run.matrix.grouped;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.codes.Packed;

/** OpenVINO's integer constants: {@code w = (code - zero) · scale}, codes signed or unsigned. */
final class CompressedCodes extends GroupCodes {
  private final Layout.Grouped layout;
  private final boolean signed;

  CompressedCodes(Layout.Grouped layout) {
    super(
        layout.codes(),
        layout.code().bits(),
        layout.group(),
        signed(layout.code()),
        layout.scaleType(),
        layout.scales());
    this.layout = layout;
    this.signed = signed(layout.code());
  }

  private static boolean signed(Layout.Code code) {
    return code == Layout.Code.I4 || code == Layout.Code.I8;
  }

  @Override
  void offsets(long index, int groups, float[] scales, float[] out) {
    int bits = layout.code().bits();
    int shift = bits == 8 && !signed ? 128 : 0;
    if (layout.zeroPoints().isEmpty()) {
      for (int g = 0; g < groups; g++) {
        out[g] = shift * scales[g];
      }
      return;
    }
    MemorySegment zeroPoints = layout.zeroPoints().get();
    for (int g = 0; g < groups; g++) {
      int zero = Packed.single(zeroPoints, bits, index + g);
      zero = signed ? zero << (32 - bits) >> (32 - bits) : zero;
      out[g] = (shift - zero) * scales[g];
    }
  }
}
