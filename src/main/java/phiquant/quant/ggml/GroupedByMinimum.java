package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;

/**
 * What Q4_K and Q5_K have in common: eight groups of 32 weights, each with a scale and a minimum
 * from a search, which are themselves quantized to six bits of the largest; then the weights are
 * quantized anew by what can be represented.
 */
final class GroupedByMinimum {
  private GroupedByMinimum() {}

  /**
   * Writes d, m and the scales at {@code at} and the levels of 256 weights to {@code l}.
   *
   * @param search for the grid of a group
   */
  static void quantize(
      float[] x, int from, AffineSearch search, byte[] l, MemorySegment out, long at) {
    float[] weights = new float[32];
    float[] scales = new float[8];
    float[] mins = new float[8];
    for (int group = 0; group < 8; group++) {
      AffineSearch.importance(x, from + 32 * group, weights);
      AffineSearch.Grid grid = search.find(x, from + 32 * group, 32, weights, l, 32 * group);
      scales[group] = grid.scale();
      mins[group] = grid.min();
    }
    putScales(scales, mins, 0, out, at);
    for (int group = 0; group < 8; group++) {
      float d = GgmlBlock.half(out, at) * SixBitScales.scale(out, at + 4, group);
      if (d == 0) {
        continue; // The levels of the search stay, as in ggml.
      }
      float dm = GgmlBlock.half(out, at + 2) * SixBitScales.min(out, at + 4, group);
      for (int i = 32 * group; i < 32 * group + 32; i++) {
        int level = Rounding.nearest((x[from + i] + dm) / d);
        l[i] = (byte) Math.max(0, Math.min(search.levels(), level));
      }
    }
  }

  /** Quantizes eight scales and minimums, from index {@code first} of the arrays. */
  static void putScales(float[] scales, float[] mins, int first, MemorySegment out, long at) {
    float maxScale = 0;
    float maxMin = 0;
    for (int group = first; group < first + 8; group++) {
      if (scales[group] > maxScale) {
        maxScale = scales[group];
      }
      if (mins[group] > maxMin) {
        maxMin = mins[group];
      }
    }
    float inverseScale = maxScale > 0 ? 63f / maxScale : 0f;
    float inverseMin = maxMin > 0 ? 63f / maxMin : 0f;
    int[] s = new int[8];
    int[] t = new int[8];
    for (int group = 0; group < 8; group++) {
      s[group] = Math.min(63, Rounding.nearest(inverseScale * scales[first + group]) & 255);
      t[group] = Math.min(63, Rounding.nearest(inverseMin * mins[first + group]) & 255);
    }
    SixBitScales.put(out, at + 4, s, t);
    GgmlBlock.putHalf(out, at, maxScale / 63f);
    GgmlBlock.putHalf(out, at + 2, maxMin / 63f);
  }
}
