package phiquant.quant.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.BlockFormat;

/**
 * A number format of ggml, one block at a time. Every subclass follows the order of operations of
 * its {@code quantize_row_…_ref} in ggml-quants.c, compiled without fused multiply-add as on
 * x86-64, so that its bytes are the same; floats stay floats throughout.
 *
 * <p>What ggml does with NaN and infinite weights depends on the compiler, so no format promises
 * bytes for them; they are refused before they come here, unless someone insists.
 */
public abstract class GgmlBlock implements BlockFormat {
  private final GgmlType type;

  protected GgmlBlock(GgmlType type) {
    this.type = type;
  }

  @Override
  public final String name() {
    return type.name();
  }

  @Override
  public final int blockSize() {
    return type.blockSize();
  }

  @Override
  public final int blockBytes() {
    return type.blockBytes();
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    for (int block = 0; block < count / blockSize(); block++) {
      encodeBlock(x, from + block * blockSize(), out, at + (long) block * blockBytes());
    }
  }

  @Override
  public void decode(MemorySegment in, long at, float[] y, int from, int count) {
    for (int block = 0; block < count / blockSize(); block++) {
      decodeBlock(in, at + (long) block * blockBytes(), y, from + block * blockSize());
    }
  }

  protected abstract void encodeBlock(float[] x, int from, MemorySegment out, long at);

  protected abstract void decodeBlock(MemorySegment in, long at, float[] y, int from);

  /** An unsigned byte. */
  public static int u8(MemorySegment in, long at) {
    return in.get(JAVA_BYTE, at) & 255;
  }

  public static void put(MemorySegment out, long at, int value) {
    out.set(JAVA_BYTE, at, (byte) value);
  }

  /** A half-precision number. */
  public static float half(MemorySegment in, long at) {
    return Float.float16ToFloat(in.get(JAVA_SHORT_UNALIGNED, at));
  }

  public static void putHalf(MemorySegment out, long at, float value) {
    out.set(JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
  }

  /**
   * C's conversion to an integer, as x86-64 does it: towards zero, and the smallest integer for
   * what is too large. Blocks of denormal weights come to that, for the inverse of their step is
   * infinite.
   */
  protected static int truncate(float x) {
    int i = (int) x;
    return i == Integer.MAX_VALUE ? Integer.MIN_VALUE : i;
  }

  /** C's roundf, then {@link #truncate}: to the nearest integer, halfway cases away from zero. */
  protected static int roundAway(float x) {
    int whole = truncate(x);
    float rest = x - (float) whole;
    return whole == Integer.MIN_VALUE ? whole : whole + (rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0);
  }

  /** The weight of largest magnitude, the first of equals, with its sign. */
  public static float extreme(float[] x, int from, int count) {
    float amax = 0;
    float max = 0;
    for (int i = from; i < from + count; i++) {
      if (amax < Math.abs(x[i])) {
        amax = Math.abs(x[i]);
        max = x[i];
      }
    }
    return max;
  }

  /** What the weights of each group add up to, in order. */
  public static float[] sums(float[] weights, int from, int count, int group) {
    float[] sums = new float[count / group];
    for (int g = 0; g < sums.length; g++) {
      float sum = 0;
      for (int i = from + g * group; i < from + (g + 1) * group; i++) {
        sum += weights[i];
      }
      sums[g] = sum;
    }
    return sums;
  }

  /** The multiplier that undoes a step of {@code d}. */
  public static float inverse(float d) {
    return d != 0 ? 1f / d : 0f;
  }
}
