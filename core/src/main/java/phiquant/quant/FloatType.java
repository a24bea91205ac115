package phiquant.quant;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The element type of a model: what its weights are rounded to before they are quantized, what its
 * scales are stored as, and what an engine computes in. Rounding is to nearest, ties to even (IEEE
 * 754).
 */
public enum FloatType {
  FLOAT16("F16", 2),
  BFLOAT16("BF16", 2),
  FLOAT32("F32", 4);

  private final String storedName;
  private final int bytes;

  FloatType(String storedName, int bytes) {
    this.storedName = storedName;
    this.bytes = bytes;
  }

  /** The name of this type in a safetensors header. */
  public String storedName() {
    return storedName;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Fraction bits that a float has and this type does not. */
  public int droppedBits() {
    return switch (this) {
      case FLOAT16 -> 13;
      case BFLOAT16 -> 16;
      case FLOAT32 -> 0;
    };
  }

  /**
   * Whether floats are numbers of this type as they are, told by the bits that any of them has;
   * false if more than that had to be known.
   */
  public boolean isExact(int bits) {
    return switch (this) {
      case FLOAT16 -> false;
      case BFLOAT16 -> (bits & 0xFFFF) == 0;
      case FLOAT32 -> true;
    };
  }

  /** The number of this type that is nearest to {@code x}. */
  public float round(float x) {
    return switch (this) {
      case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(x));
      case BFLOAT16 -> BFloat16.toFloat(BFloat16.fromFloat(x));
      case FLOAT32 -> x;
    };
  }

  /**
   * The number of this type that is nearest to {@code x}; there is no second rounding on the way.
   */
  public float round(double x) {
    float near = (float) x;
    if (near == x || this == FLOAT32 || !Float.isFinite(near)) {
      return round(near);
    }
    // Rounded to odd, a float still tells on which side of a half-way point x lies.
    int bits = Float.floatToRawIntBits(near) - (Math.abs(near) > Math.abs(x) ? 1 : 0);
    return round(Float.intBitsToFloat(bits | 1));
  }

  /** Rounds {@code count} numbers from {@code x[from]} into {@code out}, which may be x itself. */
  public void round(float[] x, int from, int count, float[] out) {
    switch (this) {
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          out[i] = Float.float16ToFloat(Float.floatToFloat16(x[from + i]));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < count; i++) {
          out[i] = BFloat16.toFloat(BFloat16.fromFloat(x[from + i]));
        }
      }
      case FLOAT32 -> System.arraycopy(x, from, out, 0, count);
    }
  }

  /** Stores {@code x}, rounded, as element {@code index} of {@code out}. */
  public void put(MemorySegment out, long index, float x) {
    switch (this) {
      case FLOAT16 -> out.set(JAVA_SHORT_UNALIGNED, 2 * index, Float.floatToFloat16(x));
      case BFLOAT16 -> out.set(JAVA_SHORT_UNALIGNED, 2 * index, BFloat16.fromFloat(x));
      case FLOAT32 -> out.set(JAVA_FLOAT_UNALIGNED, 4 * index, x);
    }
  }

  /** Element {@code index} of {@code in}. */
  public float get(MemorySegment in, long index) {
    return switch (this) {
      case FLOAT16 -> Float.float16ToFloat(in.get(JAVA_SHORT_UNALIGNED, 2 * index));
      case BFLOAT16 -> BFloat16.toFloat(in.get(JAVA_SHORT_UNALIGNED, 2 * index));
      case FLOAT32 -> in.get(JAVA_FLOAT_UNALIGNED, 4 * index);
    };
  }

  /** Stores {@code count} numbers, rounded, from the first element of {@code out} on. */
  public void encode(float[] x, int from, int count, MemorySegment out) {
    switch (this) {
      case FLOAT16 -> Half.encode(x, from, count, out, 0);
      case BFLOAT16 -> BFloat16.encode(x, from, count, out, 0);
      case FLOAT32 -> MemorySegment.copy(x, from, out, JAVA_FLOAT_UNALIGNED, 0, count);
    }
  }
}
