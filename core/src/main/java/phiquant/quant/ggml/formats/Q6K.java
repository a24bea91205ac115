package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.SearchedBlock;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.SymmetricSearch;

/**
 * 6-bit integers with 8-bit scales: {@code w ≈ d · s · (q - 32)}, q from 0 to 63, for sixteen
 * groups of 16 weights, whose scales are found by {@link SymmetricSearch}.
 *
 * <p>Block of 256 weights in 210 bytes: 128 bytes of low halves (byte 64h + i holds weights 128h +
 * i and 128h + 64 + i, for i below 64), 64 bytes with the upper two bits (laid out as {@link
 * TwoBits}), 16 signed scales, d as f16; 6.5625 bits per weight. Source: {@code
 * quantize_row_q6_K_ref} of ggml.
 */
final class Q6K extends SearchedBlock {
  private static final SymmetricSearch SEARCH = new SymmetricSearch(16, 32);

  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 16;

  private final SymmetricGroups groups;

  Q6K(SymmetricGroups groups) {
    super(GgmlType.Q6_K, 256, 0);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    float[] scales = new float[16 * BLOCKS];
    float[] inverses = new float[16 * BLOCKS];
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      int first = 256 * block;
      groups.find(SEARCH, x, from + first, weights, first, 16 * some, scales, inverses);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        int begin = from + first + 256 * i;
        quantize(x, begin, scales, inverses, 16 * i, levels, out, place);
      }
    }
  }

  /** Quantizes the scales that were found, from index {@code first}, and the weights by them. */
  private static void quantize(
      float[] x,
      int from,
      float[] scales,
      float[] inverses,
      int first,
      byte[] l,
      MemorySegment out,
      long at) {
    float max = extreme(scales, first, 16);
    if (Math.abs(max) < SymmetricSearch.EPSILON) {
      out.asSlice(at, 210).fill((byte) 0);
      return;
    }
    float inverse = -128f / max;
    putHalf(out, at + 208, 1 / inverse);
    for (int group = 0; group < 16; group++) {
      int s = Math.min(127, Rounding.nearest(inverse * scales[first + group]));
      put(out, at + 192 + group, s);
      float d = half(out, at + 208) * (byte) s;
      int begin = from + 16 * group;
      if (d == 0) {
        SEARCH.levels(x, begin, inverses[first + group], l, 16 * group); // They stay, as in ggml.
      } else {
        FixedGrid.signed(x, begin, 16, d, 32, l, 16 * group);
      }
    }
    pack(l, out, at);
  }

  private static void pack(byte[] l, MemorySegment out, long at) {
    byte[] codes = new byte[192];
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 64; i++) {
        int low = l[128 * half + i] & 15;
        codes[64 * half + i] = (byte) (low | (l[128 * half + 64 + i] & 15) << 4);
      }
      for (int i = 0; i < 32; i++) {
        int j = 128 * half + i;
        int upper = l[j] >> 4 | l[j + 32] >> 4 << 2 | l[j + 64] >> 4 << 4 | l[j + 96] >> 4 << 6;
        codes[128 + 32 * half + i] = (byte) upper;
      }
    }
    MemorySegment.copy(codes, 0, out, JAVA_BYTE, at, 192);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 208);
    for (int i = 0; i < 256; i++) {
      int low = u8(in, at + 64 * (i / 128) + i % 64) >> 4 * (i % 128 / 64) & 15;
      int q = low | TwoBits.get(in, at + 128, i) << 4;
      y[from + i] = d * in.get(JAVA_BYTE, at + 192 + i / 16) * (q - 32);
    }
  }
}
