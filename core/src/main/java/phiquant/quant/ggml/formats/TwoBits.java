package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;

/**
 * 256 numbers of two bits in 64 bytes: byte 32h + i holds numbers 128h + i, + 32, + 64 and + 96,
 * from its low bits up. Q2_K and Q3_K lay out their levels so.
 */
final class TwoBits {
  private TwoBits() {}

  static int get(MemorySegment in, long at, int i) {
    return GgmlBlock.u8(in, at + 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3;
  }

  static void put(MemorySegment out, long at, byte[] levels) {
    byte[] codes = new byte[64];
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 32; i++) {
        int first = 128 * half + i;
        int packed = 0;
        for (int n = 0; n < 4; n++) {
          packed |= (levels[first + 32 * n] & 3) << 2 * n;
        }
        codes[32 * half + i] = (byte) packed;
      }
    }
    MemorySegment.copy(codes, 0, out, JAVA_BYTE, at, 64);
  }
}
