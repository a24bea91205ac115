package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;

/**
 * What Q4_K and Q5_K have in common: eight groups of 32 weights, each with a scale and a minimum
 * from a search, which are themselves quantized to six bits of the largest; then the weights are
 * quantized anew by what can be represented.
 */
abstract class GroupedByMinimum extends GgmlBlock {
  /** Blocks whose grids are searched for together. */
  private static final int BLOCKS = 16;

  private final AffineSearch search;
  private final AffineGroups groups;

  GroupedByMinimum(GgmlType type, AffineSearch search, AffineGroups groups) {
    super(type);
    this.search = search;
    this.groups = groups;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    float[] scales = new float[8 * BLOCKS];
    float[] mins = new float[8 * BLOCKS];
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      groups.find(search, x, from + 256 * block, 8 * some, scales, mins);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        putScales(scales, mins, 8 * i, out, place);
        quantize(x, from + 256 * (block + i), levels, out, place);
        pack(levels, out, place);
      }
    }
  }

  @Override
  protected final void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 256, out, at);
  }

  /** Writes the levels of 256 weights. */
  abstract void pack(byte[] levels, MemorySegment out, long at);

  /** The levels of 256 weights by the scales that were written. */
  private void quantize(float[] x, int from, byte[] levels, MemorySegment out, long at) {
    for (int group = 0; group < 8; group++) {
      int first = from + 32 * group;
      float d = half(out, at) * SixBitScales.scale(out, at + 4, group);
      if (d == 0) {
        search.find(x, first, levels, 32 * group); // The levels of the search stay, as in ggml.
        continue;
      }
      float dm = half(out, at + 2) * SixBitScales.min(out, at + 4, group);
      Levels.unsigned(x, first, 32, dm, d, search.levels(), levels, 32 * group);
    }
  }

  /** Quantizes eight scales and minimums, from index {@code first} of the arrays. */
  private static void putScales(
      float[] scales, float[] mins, int first, MemorySegment out, long at) {
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
    putHalf(out, at, maxScale / 63f);
    putHalf(out, at + 2, maxMin / 63f);
  }
}
