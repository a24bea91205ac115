package phiquant.quant;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * bfloat16: the upper half of a float32, with one sign, eight exponent and seven mantissa bits.
 * Every bfloat16 is a float exactly; the way back rounds to the nearest, ties to even, and keeps
 * NaN quiet, as {@code ggml_compute_fp32_to_bf16} and PyTorch do.
 */
public final class BFloat16 {
  /** For fewer numbers plain code is better: vectors are very slow until they are compiled. */
  private static final int MANY = 1 << 13;

  private BFloat16() {}

  /** The float that these bits stand for. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16. */
  public static short fromFloat(float x) {
    int bits = Float.floatToRawIntBits(x);
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return (short) (bits >> 16 | 64);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** Decodes {@code count} numbers from byte {@code at} of {@code in}. */
  public static void decode(MemorySegment in, long at, float[] out, int from, int count) {
    int done =
        VectorSupport.available() && count >= MANY ? Wide.decode(in, at, out, from, count) : 0;
    for (int i = done; i < count; i++) {
      out[from + i] = toFloat(in.get(JAVA_SHORT_UNALIGNED, at + 2L * i));
    }
  }

  /** Encodes {@code count} numbers to byte {@code at} of {@code out}. */
  public static void encode(float[] in, int from, int count, MemorySegment out, long at) {
    int done = VectorSupport.available() ? Wide.encode(in, from, count, out, at) : 0;
    for (int i = done; i < count; i++) {
      out.set(JAVA_SHORT_UNALIGNED, at + 2L * i, fromFloat(in[from + i]));
    }
  }

  /** The same with vectors; returns how many numbers it did. */
  private static final class Wide {
    /** Numbers decoded at a time: 16 KB. */
    private static final int PIECE = 1 << 13;

    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
        VectorSpecies.of(
            short.class,
            jdk.incubator.vector.VectorShape.forBitSize(Math.max(64, INTS.vectorBitSize() / 2)));

    /**
     * By way of an array that the first cache holds: if a mapped file is cut, the JVM bears it that
     * its bytes are copied, but not that vectors are loaded from it.
     */
    static int decode(MemorySegment in, long at, float[] out, int from, int count) {
      int done = INTS.loopBound(count);
      short[] some = new short[Math.min(done, PIECE)];
      for (int piece = 0; piece < done; piece += PIECE) {
        int length = Math.min(PIECE, done - piece);
        MemorySegment.copy(in, JAVA_SHORT_UNALIGNED, at + 2L * piece, some, 0, length);
        decode(some, length, out, from + piece);
      }
      return done;
    }

    private static void decode(short[] in, int count, float[] out, int from) {
      for (int i = 0; i < count; i += INTS.length()) {
        ShortVector.fromArray(SHORTS, in, i)
            .convertShape(VectorOperators.S2I, INTS, 0)
            .reinterpretAsInts()
            .lanewise(VectorOperators.LSHL, 16)
            .reinterpretAsFloats()
            .intoArray(out, from + i);
      }
    }

    static int encode(float[] in, int from, int count, MemorySegment out, long at) {
      int done = INTS.loopBound(count);
      for (int i = 0; i < done; i += INTS.length()) {
        IntVector bits = FloatVector.fromArray(FLOATS, in, from + i).reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
        IntVector quiet = bits.lanewise(VectorOperators.LSHR, 16).or(64);
        var nan = bits.and(0x7fffffff).compare(VectorOperators.GT, 0x7f800000);
        ShortVector narrow =
            (ShortVector) rounded.blend(quiet, nan).convertShape(VectorOperators.I2S, SHORTS, 0);
        narrow.intoMemorySegment(out, at + 2L * i, ByteOrder.LITTLE_ENDIAN);
      }
      return done;
    }
  }
}
