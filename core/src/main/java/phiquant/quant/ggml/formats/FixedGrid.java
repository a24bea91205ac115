package phiquant.quant.ggml.formats;

import phiquant.quant.ggml.Rounding;

/**
 * Quantizes a group of weights by a grid that is fixed: simple loops over arrays, which the JVM
 * turns into vector instructions by itself.
 */
final class FixedGrid {
  private FixedGrid() {}

  /** l = (x + offset) / d, rounded, from 0 to {@code max}. */
  static void unsigned(
      float[] x, int from, int count, float offset, float d, int max, byte[] l, int at) {
    for (int i = 0; i < count; i++) {
      int level = Rounding.nearest((x[from + i] + offset) / d);
      l[at + i] = (byte) Math.max(0, Math.min(max, level));
    }
  }

  /** l = x / d + half, rounded, from 0 to 2 · half - 1. */
  static void signed(float[] x, int from, int count, float d, int half, byte[] l, int at) {
    for (int i = 0; i < count; i++) {
      int level = Rounding.nearest(x[from + i] / d);
      l[at + i] = (byte) (Math.max(-half, Math.min(half - 1, level)) + half);
    }
  }
}
