package phiquant.quant;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * IEEE 754 binary16: one sign, five exponent and ten mantissa bits. The JDK's conversions round to
 * the nearest, ties to even, as F16C's instructions do, and become those instructions in a loop
 * over arrays.
 */
public final class Half {
  /** Numbers converted at a time: what fits the first-level cache. */
  private static final int CHUNK = 2048;

  /** Where they lie meanwhile, so that to decode a row allocates nothing. */
  private static final ThreadLocal<short[]> BITS = ThreadLocal.withInitial(() -> new short[CHUNK]);

  private Half() {}

  /** Decodes {@code count} numbers from byte {@code at} of {@code in}. */
  public static void decode(MemorySegment in, long at, float[] out, int from, int count) {
    short[] bits = BITS.get();
    for (int done = 0; done < count; done += CHUNK) {
      int some = Math.min(CHUNK, count - done);
      MemorySegment.copy(in, JAVA_SHORT_UNALIGNED, at + 2L * done, bits, 0, some);
      for (int i = 0; i < some; i++) {
        out[from + done + i] = Float.float16ToFloat(bits[i]);
      }
    }
  }

  /** Encodes {@code count} numbers to byte {@code at} of {@code out}. */
  public static void encode(float[] in, int from, int count, MemorySegment out, long at) {
    short[] bits = BITS.get();
    for (int done = 0; done < count; done += CHUNK) {
      int some = Math.min(CHUNK, count - done);
      for (int i = 0; i < some; i++) {
        bits[i] = Float.floatToFloat16(in[from + done + i]);
      }
      MemorySegment.copy(bits, 0, out, JAVA_SHORT_UNALIGNED, at + 2L * done, some);
    }
  }
}
