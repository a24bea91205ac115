package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.checkpoint.DType;
import phiquant.quant.BFloat16;

/**
 * Codes of 2 to 8 bits in the order of the weights, the first in the lowest bits of a byte, with
 * scales in a tensor of their own: MLX's affine mode, MatMulNBits of ONNX Runtime, compressed
 * constants of OpenVINO. A subclass says what the offset of a group is, {@code w = code · scale +
 * offset}.
 */
abstract class GroupCodes implements Unpacking {
  private static final VectorSpecies<Byte> HALF =
      COUNT > 4 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  private static final VectorSpecies<Short> WIDE =
      COUNT > 4 ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;
  private static final VectorSpecies<Byte> WHOLE =
      COUNT > 4 ? ByteVector.SPECIES_256 : ByteVector.SPECIES_128;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);
  private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ORDER);

  private final MemorySegment codes;
  private final int bits;
  private final int group;
  private final int flip;
  private final DType scaleType;
  private final MemorySegment scales;

  /**
   * @param bits of a code, 2 to 8; where they are not 4 or 8, codes are one stream of bits
   * @param group weights that share a scale, a multiple of 32
   * @param signed whether codes are in two's complement; if not, codes of eight bits come out less
   *     128, which {@link #offset} has to make up for
   */
  GroupCodes(
      MemorySegment codes,
      int bits,
      int group,
      boolean signed,
      DType scaleType,
      MemorySegment scales) {
    this.codes = codes;
    this.bits = bits;
    this.group = group;
    this.flip = bits == 8 ? signed ? 0 : 128 : signed ? 8 : 0;
    this.scaleType = scaleType;
    this.scales = scales;
  }

  /** What is added to {@code code · scale} in a group, which is counted through the matrix. */
  abstract float offset(long index, float scale);

  @Override
  public int bits() {
    return bits;
  }

  @Override
  public int centre() {
    return bits == 4 && flip == 0 ? 8 : 0;
  }

  @Override
  public boolean hasOffsets() {
    return true;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    long index = first / group;
    for (int k = 0; k < count; k += group, index++) {
      float scale = number(scaleType, scales, index);
      float offset = offset(index, scale);
      for (int i = k / 32; i < Math.min(k + group, count) / 32; i++) {
        out.scales[i] = scale;
        out.offsets[i] = offset;
      }
    }
    if (bits == 8) {
      bytes(first, count, out.codes);
    } else if (bits == 4) {
      nibbles(codes, first / 2, count, flip, out.codes);
    } else {
      stream(first / 8 * bits, count, out.codes);
    }
  }

  private void bytes(long at, int count, byte[] out) {
    for (int i = 0; i < count; i += WHOLE.length()) {
      ByteVector.fromMemorySegment(WHOLE, codes, at + i, ORDER)
          .lanewise(VectorOperators.XOR, (byte) flip)
          .intoArray(out, i);
    }
  }

  /** Eight codes are as many bytes as a code has bits, which are spread over eight bytes. */
  private void stream(long at, int count, byte[] out) {
    long places = ((1 << bits) - 1) * 0x0101010101010101L;
    for (int i = 0; i < count; i += 8, at += bits) {
      EIGHT.set(out, i, Long.expand(word(at), places));
    }
  }

  /** Eight bytes, or what is left of them. */
  private long word(long at) {
    if (at + 8 <= codes.byteSize()) {
      return codes.get(WORD, at);
    }
    long word = 0;
    for (int i = 0; i < bits; i++) {
      word |= (codes.get(JAVA_BYTE, at + i) & 255L) << 8 * i;
    }
    return word;
  }

  /**
   * Spreads codes of four bits. A byte as a short is one nibble above the other; a shift moves the
   * upper one to a byte.
   *
   * @param flip 8 if codes are in two's complement, else 0
   */
  static void nibbles(MemorySegment codes, long at, int count, int flip, byte[] out) {
    for (int i = 0; i < count; i += WHOLE.length()) {
      ShortVector pairs =
          (ShortVector)
              ByteVector.fromMemorySegment(HALF, codes, at + i / 2, ORDER)
                  .convertShape(VectorOperators.ZERO_EXTEND_B2S, WIDE, 0);
      pairs
          .or(pairs.lanewise(VectorOperators.LSHL, 4))
          .and((short) 0x0f0f)
          .reinterpretAsBytes()
          .lanewise(VectorOperators.XOR, (byte) flip)
          .sub((byte) flip)
          .intoArray(out, i);
    }
  }

  /** A code of 2, 4 or 8 bits that stands alone, such as a zero point, as unsigned. */
  static int code(MemorySegment packed, int bits, long index) {
    long bit = index * bits;
    return packed.get(JAVA_BYTE, bit / 8) >> (int) (bit % 8) & (1 << bits) - 1;
  }

  static float number(DType type, MemorySegment numbers, long index) {
    return switch (type) {
      case F32 -> numbers.get(JAVA_FLOAT_UNALIGNED, 4 * index);
      case F16 -> GgmlMatrix.half(numbers, 2 * index);
      case BF16 -> BFloat16.toFloat(numbers.get(JAVA_SHORT_UNALIGNED, 2 * index));
      default -> throw new IllegalArgumentException("scales of type " + type);
    };
  }
}
