package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;

/**
 * 2-bit integers with 4-bit scales and minimums: {@code w ≈ d · s · q - m · t}, q from 0 to 3, for
 * sixteen groups of 16 weights.
 *
 * <p>Block of 256 weights in 84 bytes: 16 bytes with s in the low and t in the high half, 64 bytes
 * of {@link TwoBits}, d and m as f16; 2.625 bits per weight. Source: {@code quantize_row_q2_K_ref}
 * of ggml.
 */
final class Q2K extends GgmlBlock {
  /** Blocks whose grids are searched for together. */
  private static final int BLOCKS = 16;

  private final AffineGroups groups;

  Q2K(AffineGroups groups) {
    super(GgmlType.Q2_K);
    this.groups = groups;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    float[] scales = new float[16 * BLOCKS];
    float[] mins = new float[16 * BLOCKS];
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      groups.find(AffineSearch.Q2_K, x, from + 256 * block, 16 * some, scales, mins);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        putScales(scales, mins, 16 * i, out, place);
        quantize(x, from + 256 * (block + i), levels, out, place);
        TwoBits.put(out, place + 16, levels);
      }
    }
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 256, out, at);
  }

  private static void quantize(float[] x, int from, byte[] l, MemorySegment out, long at) {
    for (int group = 0; group < 16; group++) {
      int st = u8(out, at + group);
      float d = half(out, at + 80) * (st & 15);
      int first = from + 16 * group;
      if (d == 0) {
        AffineSearch.Q2_K.find(x, first, l, 16 * group); // Its levels stay, as in ggml.
        continue;
      }
      float dm = half(out, at + 82) * (st >> 4);
      Levels.unsigned(x, first, 16, dm, d, 3, l, 16 * group);
    }
  }

  /** Quantizes sixteen scales and minimums, from index {@code first} of the arrays. */
  private static void putScales(
      float[] scales, float[] mins, int first, MemorySegment out, long at) {
    float maxScale = 0;
    float maxMin = 0;
    for (int group = first; group < first + 16; group++) {
      if (scales[group] > maxScale) {
        maxScale = scales[group];
      }
      if (mins[group] > maxMin) {
        maxMin = mins[group];
      }
    }
    float inverseScale = maxScale > 0 ? 15f / maxScale : 0f;
    float inverseMin = maxMin > 0 ? 15f / maxMin : 0f;
    for (int group = 0; group < 16; group++) {
      int s = maxScale > 0 ? Rounding.nearest(inverseScale * scales[first + group]) : 0;
      int t = maxMin > 0 ? Rounding.nearest(inverseMin * mins[first + group]) : 0;
      put(out, at + group, s | t << 4);
    }
    putHalf(out, at + 80, maxScale > 0 ? maxScale / 15f : 0f);
    putHalf(out, at + 82, maxMin > 0 ? maxMin / 15f : 0f);
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
