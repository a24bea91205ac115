package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import phiquant.quant.ggml.Descent;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.ScaleGroups;
import phiquant.quant.ggml.SearchedBlock;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.SymmetricSearch;

/**
 * 3-bit integers with 6-bit scales: {@code w ≈ d · (s - 32) · (q - 4)}, q from 0 to 7, for sixteen
 * groups of 16 weights. The scale of a group is found by {@link Descent}, and with weighted errors
 * by {@link SymmetricSearch}, as is then the scale of the scales.
 *
 * <p>Block of 256 weights in 110 bytes: 32 bytes with the upper bit of the levels (bit g of byte i
 * belongs to weight 32g + i), 64 bytes of {@link TwoBits} with the others, 12 bytes of scales, d as
 * f16; 3.4375 bits per weight. Scale j lies with its low four bits in the low (j below 8) or high
 * half of byte j mod 8, with its upper two at bit 2 · (j / 4) of byte 8 + j mod 4. Source: {@code
 * quantize_row_q3_K_ref} and {@code quantize_row_q3_K_impl} of ggml.
 */
final class Q3K extends SearchedBlock {
  private static final SymmetricSearch SEARCH = new SymmetricSearch(16, 4);
  private static final SymmetricSearch SCALES = new SymmetricSearch(16, 32);

  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 16;

  private final ScaleGroups descent;
  private final SymmetricGroups groups;

  Q3K(ScaleGroups descent, SymmetricGroups groups) {
    super(GgmlType.Q3_K, 256, 2);
    this.descent = descent;
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
      if (weights == null) {
        descent.find(x, from + first, null, 0, 16 * some, scales);
      } else {
        groups.find(SEARCH, x, from + first, weights, first, 16 * some, scales, inverses);
      }
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        int begin = from + first + 256 * i;
        if (weights == null) {
          putScales(scales, 16 * i, out, place + 96);
          quantize(x, begin, null, 16 * i, levels, out, place);
        } else {
          putScales(scales, 16 * i, weights, first + 256 * i, out, place + 96);
          quantize(x, begin, inverses, 16 * i, levels, out, place);
        }
        pack(levels, out, place);
      }
    }
  }

  /**
   * The levels of 256 weights by the scales that were written; where a scale is 0, those of the
   * search stay, as in ggml.
   *
   * @param inverses of the search, from index {@code first}; null if it was a descent
   */
  private static void quantize(
      float[] x, int from, float[] inverses, int first, byte[] l, MemorySegment out, long at) {
    for (int group = 0; group < 16; group++) {
      float d = half(out, at + 108) * (scale(out, at + 96, group) - 32);
      int begin = from + 16 * group;
      if (d != 0) {
        FixedGrid.signed(x, begin, 16, d, 4, l, 16 * group);
      } else if (inverses != null) {
        SEARCH.levels(x, begin, inverses[first + group], l, 16 * group);
      } else {
        Arrays.fill(l, 16 * group, 16 * group + 16, (byte) 0);
        Descent.search(x, begin, l, 16 * group);
      }
    }
  }

  private static void pack(byte[] l, MemorySegment out, long at) {
    byte[] upper = new byte[32];
    for (int i = 0; i < 32; i++) {
      int bits = 0;
      for (int group = 0; group < 8; group++) {
        bits |= (l[32 * group + i] >> 2) << group;
      }
      upper[i] = (byte) bits;
    }
    MemorySegment.copy(upper, 0, out, JAVA_BYTE, at, 32);
    TwoBits.put(out, at + 32, l);
  }

  /** Quantizes sixteen scales, from index {@code first}, to twelve bytes and d after them. */
  private static void putScales(float[] scales, int first, MemorySegment out, long at) {
    float max = extreme(scales, first, 16);
    float inverse = max != 0 ? -32f / max : 0;
    byte[] codes = new byte[16];
    for (int j = 0; j < 16 && max != 0; j++) {
      int rounded = (byte) Rounding.nearest(inverse * scales[first + j]);
      codes[j] = (byte) (Math.max(-32, Math.min(31, rounded)) + 32);
    }
    putScales(codes, max != 0 ? 1 / inverse : 0, out, at);
  }

  /** The same, where a scale counts as much as the weights of its group together. */
  private static void putScales(
      float[] scales, int first, float[] weights, int from, MemorySegment out, long at) {
    float[] d = new float[1];
    float[] inverse = new float[1];
    SCALES.find(scales, first, sums(weights, from, 256, 16), 0, d, inverse, 0);
    byte[] codes = new byte[16];
    SCALES.levels(scales, first, inverse[0], codes, 0);
    putScales(codes, d[0], out, at);
  }

  private static void putScales(byte[] codes, float d, MemorySegment out, long at) {
    int[] packed = new int[12];
    for (int j = 0; j < 16; j++) {
      packed[j % 8] |= (codes[j] & 15) << 4 * (j / 8);
      packed[8 + j % 4] |= (codes[j] >> 4) << 2 * (j / 4);
    }
    for (int i = 0; i < 12; i++) {
      put(out, at + i, packed[i]);
    }
    putHalf(out, at + 12, d);
  }

  static int scale(MemorySegment in, long at, int j) {
    return u8(in, at + j % 8) >> 4 * (j / 8) & 15
        | (u8(in, at + 8 + j % 4) >> 2 * (j / 4) & 3) << 4;
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 108);
    for (int i = 0; i < 256; i++) {
      float scale = d * (scale(in, at + 96, i / 16) - 32);
      int upper = u8(in, at + i % 32) >> i / 32 & 1;
      y[from + i] = scale * (TwoBits.get(in, at + 32, i) + 4 * upper - 4);
    }
  }
}
