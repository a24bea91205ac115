package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;
import phiquant.quant.ggml.GgmlType;

/**
 * 4-bit integers with 6-bit scales and minimums: {@code w ≈ d · s · q - m · t}, q from 0 to 15, for
 * eight groups of 32 weights with a scale s and a minimum t each.
 *
 * <p>Block of 256 weights in 144 bytes: d and m as f16, twelve bytes of {@link SixBitScales}, then
 * 128 bytes, where byte 32p + i holds weight 64p + i in its low and 64p + 32 + i in its high half;
 * 4.5 bits per weight. Source: {@code quantize_row_q4_K_ref} of ggml.
 */
final class Q4K extends GroupedByMinimum {
  Q4K(AffineGroups groups) {
    super(GgmlType.Q4_K, AffineSearch.Q4_K, groups);
  }

  @Override
  void pack(byte[] l, MemorySegment out, long at) {
    byte[] codes = new byte[128];
    for (int pair = 0; pair < 4; pair++) {
      for (int i = 0; i < 32; i++) {
        codes[32 * pair + i] = (byte) (l[64 * pair + i] | l[64 * pair + 32 + i] << 4);
      }
    }
    MemorySegment.copy(codes, 0, out, JAVA_BYTE, at + 16, 128);
  }

  @Override
  int largestCode() {
    return 255;
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    float min = half(in, at + 2);
    for (int group = 0; group < 8; group++) {
      float scale = d * SixBitScales.scale(in, at + 4, group);
      float offset = min * SixBitScales.min(in, at + 4, group);
      for (int i = 0; i < 32; i++) {
        int q = u8(in, at + 16 + 32 * (group / 2) + i) >> 4 * (group % 2) & 15;
        y[from + 32 * group + i] = scale * q - offset;
      }
    }
  }
}
