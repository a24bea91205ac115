package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Grids;
import phiquant.quant.ggml.PositiveSearch;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.SearchedBlock;

/**
 * What Q4_K and Q5_K have in common: eight groups of 32 weights, each with a scale and a minimum
 * from a search, which are themselves quantized to six bits of the largest; then the weights are
 * quantized anew by what can be represented.
 */
abstract class GroupedByMinimum extends SearchedBlock {
  /** Blocks whose grids are searched for together. */
  private static final int BLOCKS = 16;

  private final AffineSearch plain;
  private final AffineSearch weighted;
  private final AffineGroups groups;

  GroupedByMinimum(GgmlType type, AffineSearch plain, AffineGroups groups) {
    super(type, 256, 2);
    this.plain = plain;
    this.weighted = AffineSearch.weighted(plain.group(), plain.levels());
    this.groups = groups;
  }

  @Override
  protected final void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    AffineSearch search = weights == null ? plain : weighted;
    Grids grids = new Grids(8 * BLOCKS);
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      int first = 256 * block;
      groups.find(search, x, from + first, weights, first, 8 * some, grids, 0);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        if (weights == null) {
          putScales(grids, 8 * i, out, place);
        } else {
          putScales(grids, 8 * i, sums(weights, first + 256 * i, 256, 32), out, place);
        }
        quantize(
            search, weights == null, x, from + first + 256 * i, grids, 8 * i, levels, out, place);
        pack(levels, out, place);
      }
    }
  }

  /** Writes the levels of 256 weights. */
  abstract void pack(byte[] levels, MemorySegment out, long at);

  /** The largest code of a scale or a minimum when errors are weighted: bytes may hold more. */
  abstract int largestCode();

  /** The levels of 256 weights by the scales that were written. */
  private static void quantize(
      AffineSearch search,
      boolean plain,
      float[] x,
      int from,
      Grids grids,
      int g,
      byte[] levels,
      MemorySegment out,
      long at) {
    for (int group = 0; group < 8; group++) {
      int first = from + 32 * group;
      float d = half(out, at) * SixBitScales.scale(out, at + 4, group);
      if (d == 0) {
        if (plain) {
          search.find(x, first, null, 0, grids, g + group); // Many at once do not say how.
        }
        search.levels(x, first, grids, g + group, levels, 32 * group); // They stay, as in ggml.
        continue;
      }
      float dm = half(out, at + 2) * SixBitScales.min(out, at + 4, group);
      FixedGrid.unsigned(x, first, 32, dm, d, search.levels(), levels, 32 * group);
    }
  }

  /** Quantizes eight scales and minimums, from index {@code first}. */
  private static void putScales(Grids grids, int first, MemorySegment out, long at) {
    float maxScale = 0;
    float maxMin = 0;
    for (int group = first; group < first + 8; group++) {
      if (grids.scales[group] > maxScale) {
        maxScale = grids.scales[group];
      }
      if (grids.mins[group] > maxMin) {
        maxMin = grids.mins[group];
      }
    }
    float inverseScale = maxScale > 0 ? 63f / maxScale : 0f;
    float inverseMin = maxMin > 0 ? 63f / maxMin : 0f;
    int[] s = new int[8];
    int[] t = new int[8];
    for (int group = 0; group < 8; group++) {
      s[group] = Math.min(63, Rounding.nearest(inverseScale * grids.scales[first + group]) & 255);
      t[group] = Math.min(63, Rounding.nearest(inverseMin * grids.mins[first + group]) & 255);
    }
    SixBitScales.put(out, at + 4, s, t);
    putHalf(out, at, maxScale / 63f);
    putHalf(out, at + 2, maxMin / 63f);
  }

  /** The same, where each counts as much as the weights of its group together. */
  private void putScales(Grids grids, int first, float[] sums, MemorySegment out, long at) {
    int[] s = new int[8];
    int[] t = new int[8];
    float d = PositiveSearch.find(8, 63, grids.scales, first, sums, 0, s);
    float m = PositiveSearch.find(8, 63, grids.mins, first, sums, 0, t);
    for (int group = 0; group < 8; group++) {
      s[group] = Math.min(largestCode(), s[group]);
      t[group] = Math.min(largestCode(), t[group]);
    }
    SixBitScales.put(out, at + 4, s, t);
    putHalf(out, at, d);
    putHalf(out, at + 2, m);
  }
}
