package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.EIGHT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.GgmlBlock;

/**
 * The first sixteen bytes of a Q4_K or Q5_K block: d and m as f16, and eight 6-bit scales s and
 * minimums t in twelve bytes, which are unpacked four at a time in the bytes of an int. Read as
 * three ints a, b and c, a and b hold the low six bits of the first four scales and minimums; c
 * holds the low halves of the others, whose upper two bits are at the top of the bytes of a and b.
 */
final class SixBits {
  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_128;

  private SixBits() {}

  /** The scales s of the block at {@code at}, the first in the lowest byte. */
  static long scales(MemorySegment in, long at) {
    long first = in.get(JAVA_LONG_UNALIGNED, at);
    long second = in.get(JAVA_LONG_UNALIGNED, at + 8);
    return first >>> 32 & 0x3f3f3f3fL
        | second & 0x0f0f0f0f_00000000L
        | first >>> 2 & 0x30303030_00000000L;
  }

  /** Its minimums t, the first in the lowest byte. */
  static long mins(MemorySegment in, long at) {
    long second = in.get(JAVA_LONG_UNALIGNED, at + 8);
    return second & 0x3f3f3f3fL
        | second >>> 4 & 0x0f0f0f0f_00000000L
        | second << 30 & 0x30303030_00000000L;
  }

  /** Unpacks scales {@code d · s} and offsets {@code -m · t} of a block, eight of each. */
  static void unpack(MemorySegment in, long at, float[] scales, float[] offsets, int to) {
    float d = GgmlBlock.half(in, at);
    float m = -GgmlBlock.half(in, at + 2);
    ByteVector s = LongVector.broadcast(LONGS, scales(in, at)).reinterpretAsBytes();
    ByteVector t = LongVector.broadcast(LONGS, mins(in, at)).reinterpretAsBytes();
    ((FloatVector) s.convertShape(VectorOperators.B2F, EIGHT, 0)).mul(d).intoArray(scales, to);
    ((FloatVector) t.convertShape(VectorOperators.B2F, EIGHT, 0)).mul(m).intoArray(offsets, to);
    if (COUNT < 8) {
      ((FloatVector) s.convertShape(VectorOperators.B2F, EIGHT, 1))
          .mul(d)
          .intoArray(scales, to + 4);
      ((FloatVector) t.convertShape(VectorOperators.B2F, EIGHT, 1))
          .mul(m)
          .intoArray(offsets, to + 4);
    }
  }
}
