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
 * 2-bit integers with 4-bit scales and minimums: {@code w ≈ d · s · q - m · t}, q from 0 to 3, for
 * sixteen groups of 16 weights.
 *
 * <p>Block of 256 weights in 84 bytes: 16 bytes with s in the low and t in the high half, 64 bytes
 * of {@link TwoBits}, d and m as f16; 2.625 bits per weight. Source: {@code quantize_row_q2_K_ref}
 * and {@code quantize_row_q2_K_impl} of ggml.
 */
final class Q2K extends SearchedBlock {
  private static final AffineSearch WEIGHTED = AffineSearch.weighted(16, 3);

  /** Blocks whose grids are searched for together. */
  private static final int BLOCKS = 16;

  private final AffineGroups groups;

  Q2K(AffineGroups groups) {
    super(GgmlType.Q2_K, 256, 1);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    AffineSearch search = weights == null ? AffineSearch.Q2_K : WEIGHTED;
    Grids grids = new Grids(16 * BLOCKS);
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      int first = 256 * block;
      groups.find(search, x, from + first, weights, first, 16 * some, grids, 0);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        if (weights == null) {
          putScales(grids, 16 * i, out, place);
        } else {
          putScales(grids, 16 * i, sums(weights, first + 256 * i, 256, 16), out, place);
        }
        quantize(
            search, weights == null, x, from + first + 256 * i, grids, 16 * i, levels, out, place);
        TwoBits.put(out, place + 16, levels);
      }
    }
  }

  private static void quantize(
      AffineSearch search,
      boolean plain,
      float[] x,
      int from,
      Grids grids,
      int g,
      byte[] l,
      MemorySegment out,
      long at) {
    for (int group = 0; group < 16; group++) {
      int st = u8(out, at + group);
      float d = half(out, at + 80) * (st & 15);
      int first = from + 16 * group;
      if (d == 0) {
        if (plain) {
          search.find(x, first, null, 0, grids, g + group); // Many at once do not say how.
        }
        search.levels(x, first, grids, g + group, l, 16 * group); // They stay, as in ggml.
        continue;
      }
      float dm = half(out, at + 82) * (st >> 4);
      FixedGrid.unsigned(x, first, 16, dm, d, 3, l, 16 * group);
    }
  }

  /** Quantizes sixteen scales and minimums, from index {@code first}. */
  private static void putScales(Grids grids, int first, MemorySegment out, long at) {
    float maxScale = 0;
    float maxMin = 0;
    for (int group = first; group < first + 16; group++) {
      if (grids.scales[group] > maxScale) {
        maxScale = grids.scales[group];
      }
      if (grids.mins[group] > maxMin) {
        maxMin = grids.mins[group];
      }
    }
    float inverseScale = maxScale > 0 ? 15f / maxScale : 0f;
    float inverseMin = maxMin > 0 ? 15f / maxMin : 0f;
    for (int group = 0; group < 16; group++) {
      int s = maxScale > 0 ? Rounding.nearest(inverseScale * grids.scales[first + group]) : 0;
      int t = maxMin > 0 ? Rounding.nearest(inverseMin * grids.mins[first + group]) : 0;
      put(out, at + group, s | t << 4);
    }
    putHalf(out, at + 80, maxScale > 0 ? maxScale / 15f : 0f);
    putHalf(out, at + 82, maxMin > 0 ? maxMin / 15f : 0f);
  }

  /** The same, where each counts as much as the weights of its group together. */
  private static void putScales(Grids grids, int first, float[] sums, MemorySegment out, long at) {
    int[] s = new int[16];
    int[] t = new int[16];
    float d = PositiveSearch.find(16, 15, grids.scales, first, sums, 0, s);
    float m = PositiveSearch.find(16, 15, grids.mins, first, sums, 0, t);
    for (int group = 0; group < 16; group++) {
      put(out, at + group, s[group] | t[group] << 4);
    }
    putHalf(out, at + 80, d);
    putHalf(out, at + 82, m);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 80);
    float min = half(in, at + 82);
    for (int group = 0; group < 16; group++) {
      int st = u8(in, at + group);
      float scale = d * (st & 15);
      float offset = min * (st >> 4);
      for (int i = 16 * group; i < 16 * group + 16; i++) {
        y[from + i] = scale * TwoBits.get(in, at + 16, i) - offset;
      }
    }
  }
}
