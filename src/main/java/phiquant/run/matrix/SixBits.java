package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The eight 6-bit scales and minimums of a Q4_K or Q5_K block, unpacked four at a time in the bytes
 * of an int: in twelve bytes, read as three ints a, b and c, a and b hold the low six bits of the
 * first four scales and minimums; c holds the low halves of the others, whose upper two bits are at
 * the top of the bytes of a and b.
 */
final class SixBits {
  private SixBits() {}

  /** The scales, the first in the lowest byte. */
  static long scales(MemorySegment in, long at) {
    int a = in.get(JAVA_INT_UNALIGNED, at);
    int c = in.get(JAVA_INT_UNALIGNED, at + 8);
    int upper = c & 0x0f0f0f0f | (a >>> 2 & 0x30303030);
    return (long) upper << 32 | a & 0x3f3f3f3f;
  }

  /** The minimums, the first in the lowest byte. */
  static long mins(MemorySegment in, long at) {
    int b = in.get(JAVA_INT_UNALIGNED, at + 4);
    int c = in.get(JAVA_INT_UNALIGNED, at + 8);
    int upper = c >>> 4 & 0x0f0f0f0f | (b >>> 2 & 0x30303030);
    return (long) upper << 32 | b & 0x3f3f3f3f;
  }
}
