package phiquant.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How MLX and ONNX Runtime pack codes: one little-endian stream of bits, the first code lowest.
 * Eight codes of b bits are b bytes. For 2, 4 and 8 bits that is the same as bytes or {@code
 * uint32} words with the first code in the lowest bits; for MLX's 3, 5 and 6 bits codes cross the
 * borders of words ({@code mlx/backend/cpu/quantized.cpp}).
 */
public final class Packing {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Packing() {}

  /** Packs {@code count} codes, a multiple of 8, at byte {@code at}. */
  public static void pack(int[] codes, int count, int bits, MemorySegment out, long at) {
    long end = at + (long) count / 8 * bits;
    for (int i = 0; i < count; i += 8, at += bits) {
      long eight =
          codes[i]
              | (long) codes[i + 1] << bits
              | (long) codes[i + 2] << 2 * bits
              | (long) codes[i + 3] << 3 * bits
              | (long) codes[i + 4] << 4 * bits
              | (long) codes[i + 5] << 5 * bits
              | (long) codes[i + 6] << 6 * bits
              | (long) codes[i + 7] << 7 * bits;
      if (at + 8 <= end) {
        // The bytes beyond b belong to the next eight, which overwrite them.
        out.set(LONG, at, eight);
      } else {
        for (int b = 0; b < bits; b++) {
          out.set(ValueLayout.JAVA_BYTE, at + b, (byte) (eight >>> 8 * b));
        }
      }
    }
  }

  /** Reads {@code count} codes, a multiple of 8, from byte {@code at}. */
  public static void unpack(MemorySegment in, long at, int bits, int[] codes, int count) {
    int mask = (1 << bits) - 1;
    for (int i = 0; i < count; i += 8, at += bits) {
      long eight = 0;
      if (at + 8 <= in.byteSize()) {
        eight = in.get(LONG, at);
      } else {
        for (int b = 0; b < bits; b++) {
          eight |= (in.get(ValueLayout.JAVA_BYTE, at + b) & 0xFFL) << 8 * b;
        }
      }
      for (int k = 0; k < 8; k++) {
        codes[i + k] = (int) (eight >>> k * bits) & mask;
      }
    }
  }
}
