package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The element type of an MLX model: what its weights are rounded to before they are quantized, what
 * the scales and biases are stored as, and what MLX computes in. Rounding is to nearest, ties to
 * even (IEEE 754).
 */
public enum FloatType {
  FLOAT16("F16", 2),
  BFLOAT16("BF16", 2),
  FLOAT32("F32", 4);

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
  int droppedBits() {
    return switch (this) {
      case FLOAT16 -> 13;
      case BFLOAT16 -> 16;
      case FLOAT32 -> 0;
    };
  }

  /** The number of this type that is nearest to {@code x}. */
  public float round(float x) {
    return switch (this) {
      case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(x));
      case BFLOAT16 -> Float.intBitsToFloat(bfloat16(x) << 16);
      case FLOAT32 -> x;
    };
  }

  /** Rounds {@code count} numbers from {@code x[from]} into {@code out}, which may be x itself. */
  void round(float[] x, int from, int count, float[] out) {
    switch (this) {
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          out[i] = Float.float16ToFloat(Float.floatToFloat16(x[from + i]));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < count; i++) {
          out[i] = Float.intBitsToFloat(bfloat16(x[from + i]) << 16);
        }
      }
      case FLOAT32 -> System.arraycopy(x, from, out, 0, count);
    }
  }

  /** Stores {@code x}, rounded, as element {@code index} of {@code out}. */
  public void put(MemorySegment out, long index, float x) {
    switch (this) {
      case FLOAT16 -> out.set(SHORT, 2 * index, Float.floatToFloat16(x));
      case BFLOAT16 -> out.set(SHORT, 2 * index, (short) bfloat16(x));
      case FLOAT32 -> out.set(FLOAT, 4 * index, x);
    }
  }

  /** Element {@code index} of {@code in}. */
  public float get(MemorySegment in, long index) {
    return switch (this) {
      case FLOAT16 -> Float.float16ToFloat(in.get(SHORT, 2 * index));
      case BFLOAT16 -> Float.intBitsToFloat(in.get(SHORT, 2 * index) << 16);
      case FLOAT32 -> in.get(FLOAT, 4 * index);
    };
  }

  /** The upper half of a float's bits, after the lower half has rounded it. */
  private static int bfloat16(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return 0x7FC0;
    }
    return (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
  }
}
