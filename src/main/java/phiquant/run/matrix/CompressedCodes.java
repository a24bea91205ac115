package phiquant.run.matrix;

import phiquant.checkpoint.Layout;

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
  float offset(long index, float scale) {
    int bits = layout.code().bits();
    int zero = 0;
    if (layout.zeroPoints().isPresent()) {
      zero = code(layout.zeroPoints().get(), bits, index);
      zero = signed ? zero << (32 - bits) >> (32 - bits) : zero;
    }
    return ((bits == 8 && !signed ? 128 : 0) - zero) * scale;
  }
}
