package phiquant.quant.ggml.vector;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * TQ1_0 and TQ2_0 with vectors along a block: neighbouring bytes hold neighbouring weights at each
 * digit, in plain loops that the JVM vectorizes. The largest magnitude is the same in any order and
 * the rest is done weight by weight, so the bytes are those of the scalar form.
 */
public final class VectorTernary extends GgmlBlock {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

  /** Blocks written together. */
  private static final int BLOCKS = 16;

  private final BlockFormat scalar;
  private final int codes;

  /** For blocks whose step has no finite inverse, and for decoding, there is the scalar form. */
  public VectorTernary(GgmlType type, BlockFormat scalar) {
    super(type);
    this.scalar = scalar;
    this.codes = blockBytes() - 2;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    int size = blockBytes();
    // Codes are put in eights; what is beyond the last ones is overwritten.
    BlockWriter writer = new BlockWriter(BLOCKS * size + 8, BLOCKS * 64);
    int[] digits = new int[256];
    int[] wide = new int[BLOCKS * 64];
    float[] steps = new float[BLOCKS];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      for (int i = 0; i < some; i++) {
        steps[i] = digits(x, from + 256 * (block + i), digits);
        if (codes == 64) {
          four(digits, 0, wide, 64 * i);
          four(digits, 128, wide, 64 * i + 32);
        } else {
          five(digits, 0, 32, wide, 64 * i);
          five(digits, 160, 16, wide, 64 * i + 32);
          five(digits, 240, 4, wide, 64 * i + 48);
        }
      }
      writer.narrow(wide, 64 * some);
      for (int i = 0; i < some; i++) {
        writer.putCodes(64 * i, size * i, codes);
        writer.putHalf(size * i + codes, steps[i]);
      }
      long place = at + (long) size * block;
      writer.flush(out, place, size * some);
      for (int i = 0; i < some; i++) {
        if (!Float.isFinite(inverse(steps[i]))) {
          scalar.encode(x, from + 256 * (block + i), 256, out, place + (long) size * i);
        }
      }
    }
  }

  /** The largest magnitude of 256 weights; their digits, from 0 to 2, go to {@code digits}. */
  private static float digits(float[] x, int from, int[] digits) {
    IntVector most = IntVector.zero(IntVector.SPECIES_PREFERRED);
    for (int i = 0; i < 256; i += FLOATS.length()) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      most = bits.and(0x7fffffff).max(most);
    }
    float d = Float.intBitsToFloat(most.reduceLanes(VectorOperators.MAX));
    float inverse = inverse(d);
    IntVector one = IntVector.broadcast(IntVector.SPECIES_PREFERRED, 1);
    for (int i = 0; i < 256; i += FLOATS.length()) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).mul(inverse);
      // From -1 to 1, one half rounds away from zero.
      one.add(1, v.compare(VectorOperators.GE, 0.5f).cast(one.species()))
          .sub(1, v.compare(VectorOperators.LE, -0.5f).cast(one.species()))
          .intoArray(digits, i);
    }
    return d;
  }

  /** Four digits to a byte, two bits each. */
  private static void four(int[] digits, int from, int[] out, int at) {
    for (int i = 0; i < 32; i++) {
      out[at + i] =
          digits[from + i]
              | digits[from + 32 + i] << 2
              | digits[from + 64 + i] << 4
              | digits[from + 96 + i] << 6;
    }
  }

  /** Five digits to a byte, to base 3; the last few bytes of a block have four. */
  private static void five(int[] digits, int from, int bytes, int[] out, int at) {
    for (int i = 0; i < bytes; i++) {
      int first = from + i;
      int q = digits[first] * 27 + digits[first + bytes] * 9 + digits[first + 2 * bytes] * 3;
      int last = bytes == 4 ? 0 : digits[first + 4 * bytes];
      q = (q + digits[first + 3 * bytes]) * 3 + last;
      out[at + i] = q * 17261 + 16383 >> 14; // ceil(q · 256 / 243), exact for q up to 242.
    }
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 256, out, at);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    scalar.decode(in, at, y, from, 256);
  }
}
