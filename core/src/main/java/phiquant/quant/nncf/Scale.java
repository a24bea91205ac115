package phiquant.quant.nncf;

/** The bounds of a group's scale. */
final class Scale {
  /** NNCF's smallest: float32's machine epsilon, so that a group of zeros divides well. */
  static final float LEAST = 0x1p-23f;

  /** The largest that f16 stores; no model's weights come near, but all finite ones must work. */
  static final float LARGEST = 65504;

  private Scale() {}

  /** That scale, or the bound that it crosses. */
  static float within(float scale) {
    return Math.abs(scale) < LEAST ? LEAST : Math.clamp(scale, -LARGEST, LARGEST);
  }
}
