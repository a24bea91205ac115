package phiquant.run.matrix;

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
  float offset(long index, float scale) {
    float bias = number(layout.scaleType(), layout.biases(), index);
    return layout.bits() == 8 ? bias + 128 * scale : bias;
  }
}
