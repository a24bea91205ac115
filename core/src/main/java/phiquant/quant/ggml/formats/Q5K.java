package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;
import phiquant.quant.ggml.GgmlType;

/**
 * 5-bit integers with 6-bit scales and minimums: as Q4_K, with q from 0 to 31.
 *
 * <p>Block of 256 weights in 176 bytes: d and m as f16, twelve bytes of {@link SixBitScales}, 32
 * bytes of fifth bits (bit g of byte i belongs to weight 32g + i), then 128 bytes of low halves as
 * in Q4_K; 5.5 bits per weight. Source: {@code quantize_row_q5_K_ref} of ggml.
 */
final class Q5K extends GroupedByMinimum {
  Q5K(AffineGroups groups) {
    super(GgmlType.Q5_K, AffineSearch.Q5_K, groups);
  }

  @Override
  void pack(byte[] l, MemorySegment out, long at) {
    byte[] codes = new byte[160];
    for (int i = 0; i < 32; i++) {
      int fifth = 0;
      for (int group = 0; group < 8; group++) {
        fifth |= (l[32 * group + i] >> 4) << group;
      }
      codes[i] = (byte) fifth;
    }
    for (int pair = 0; pair < 4; pair++) {
      for (int i = 0; i < 32; i++) {
        int low = l[64 * pair + i] & 15;
        codes[32 + 32 * pair + i] = (byte) (low | (l[64 * pair + 32 + i] & 15) << 4);
      }
    }
    MemorySegment.copy(codes, 0, out, JAVA_BYTE, at + 16, 160);
  }

  @Override
  int largestCode() {
    return 63;
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    float min = half(in, at + 2);
    for (int group = 0; group < 8; group++) {
      float scale = d * SixBitScales.scale(in, at + 4, group);
      float offset = min * SixBitScales.min(in, at + 4, group);
      for (int i = 0; i < 32; i++) {
        int low = u8(in, at + 48 + 32 * (group / 2) + i) >> 4 * (group % 2) & 15;
        int q = low | (u8(in, at + 16 + i) >> group & 1) << 4;
        y[from + 32 * group + i] = scale * q - offset;
      }
    }
  }
}
