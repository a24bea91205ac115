package phiquant.run.matrix.grouped;

import phiquant.checkpoint.Layout;

/** MLX's affine mode: {@code w = code · scale + bias}, codes unsigned. */
final class AffineCodes extends GroupCodes {
  private final Layout.Affine layout;

  AffineCodes(Layout.Affine layout) {
    super(
        layout.codes(), layout.bits(), layout.group(), false, layout.scaleType(), layout.scales());
    this.layout = layout;
  }

  @Override
  void offsets(long index, int groups, float[] scales, float[] out) {
    numbers(layout.scaleType(), layout.biases(), index, groups, out);
    if (layout.bits() == 8) {
      for (int g = 0; g < groups; g++) {
        out[g] += 128 * scales[g];
      }
    }
  }
}
