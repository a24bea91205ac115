package phiquant.quant.nncf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Codes of 4 bits as OpenVINO's {@code u4}, {@code i4}, {@code nf4} and {@code f4e2m1} lie in
 * memory: two in a byte, the first in the low half.
 */
public final class FourBitCodes {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The lower half of each of eight bytes. */
  private static final long LOW = 0x0F0F_0F0F_0F0F_0F0FL;

  private FourBitCodes() {}

  /** Packs {@code count} codes, one in the low half of each byte, to byte {@code at}. */
  public static void pack(byte[] codes, int count, MemorySegment out, long at) {
    MemorySegment in = MemorySegment.ofArray(codes);
    int whole = count & -8;
    for (int i = 0; i < whole; i += 8) {
      out.set(INT, at + i / 2, (int) Long.compress(in.get(LONG, i), LOW));
    }
    for (int i = whole; i < count; i += 2) {
      int second = i + 1 < count ? codes[i + 1] << 4 : 0;
      out.set(ValueLayout.JAVA_BYTE, at + i / 2, (byte) (codes[i] & 15 | second));
    }
  }

  /** Unpacks {@code count} codes from code {@code first}, which counts halves of bytes. */
  public static void unpack(MemorySegment in, long first, byte[] codes, int at, int count) {
    MemorySegment out = MemorySegment.ofArray(codes);
    int whole = first % 2 == 0 ? count & -8 : 0;
    for (int i = 0; i < whole; i += 8) {
      out.set(LONG, at + i, Long.expand(in.get(INT, (first + i) / 2), LOW));
    }
    for (int i = whole; i < count; i++) {
      int both = in.get(ValueLayout.JAVA_BYTE, (first + i) / 2);
      codes[at + i] = (byte) (((first + i) % 2 == 0 ? both : both >> 4) & 15);
    }
  }
}
