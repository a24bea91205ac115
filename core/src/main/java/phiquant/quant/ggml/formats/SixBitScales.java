package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;

/**
 * The eight 6-bit scales and eight 6-bit minimums of a Q4_K or Q5_K block in twelve bytes. For j
 * below 4, byte j holds scale j and byte j + 4 minimum j in their low six bits; for j from 4, byte
 * j + 4 holds the low four bits of scale j and of minimum j, whose upper two bits are at the top of
 * bytes j - 4 and j. Source: {@code get_scale_min_k4} of ggml-quants.c.
 */
final class SixBitScales {
  private SixBitScales() {}

  static int scale(MemorySegment in, long at, int j) {
    return j < 4
        ? GgmlBlock.u8(in, at + j) & 63
        : GgmlBlock.u8(in, at + j + 4) & 15 | (GgmlBlock.u8(in, at + j - 4) >> 6) << 4;
  }

  static int min(MemorySegment in, long at, int j) {
    return j < 4
        ? GgmlBlock.u8(in, at + j + 4) & 63
        : GgmlBlock.u8(in, at + j + 4) >> 4 | (GgmlBlock.u8(in, at + j) >> 6) << 4;
  }

  /** Writes all sixteen. */
  static void put(MemorySegment out, long at, int[] scales, int[] mins) {
    for (int j = 0; j < 4; j++) {
      GgmlBlock.put(out, at + j, scales[j] | (scales[j + 4] >> 4) << 6);
      GgmlBlock.put(out, at + j + 4, mins[j] | (mins[j + 4] >> 4) << 6);
      GgmlBlock.put(out, at + j + 8, scales[j + 4] & 15 | (mins[j + 4] & 15) << 4);
    }
  }
}
