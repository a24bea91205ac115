package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * {@link Packing} for many codes at once, in arrays: codes become bytes, then eight bytes in a long
 * close up in three steps, and one copy takes all to their segment. Each code by itself would cost
 * as much as making it.
 */
final class PackedCodes {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final int bits;
  private final byte[] narrow;
  private final byte[] packed;

  /** Space for {@code codes} codes. */
  PackedCodes(int codes, int bits) {
    this.bits = bits;
    this.narrow = new byte[codes];
    this.packed = new byte[codes / 8 * bits + 8];
  }

  /** Packs {@code count} codes, a multiple of 8, at byte {@code at}. */
  void pack(int[] codes, int count, MemorySegment out, long at) {
    for (int i = 0; i < count; i++) {
      narrow[i] = (byte) codes[i];
    }
    int one = 8 - bits;
    long low = 0x00FF00FF00FF00FFL;
    long pairs = 0x0000FFFF0000FFFFL;
    for (int i = 0, to = 0; i < count; i += 8, to += bits) {
      long eight = (long) LONG.get(narrow, i);
      eight = eight & low | (eight & ~low) >>> one;
      eight = eight & pairs | (eight & ~pairs) >>> 2 * one;
      // The bytes beyond belong to the next eight, which overwrite them.
      LONG.set(packed, to, eight & 0xFFFFFFFFL | eight >>> 32 << 4 * bits);
    }
    MemorySegment.copy(packed, 0, out, ValueLayout.JAVA_BYTE, at, count / 8 * bits);
  }
}
