package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.checkpoint.DType;
import phiquant.quant.BFloat16;

/**
 * Codes of 4 or 8 bits in the order of the weights, the first in the low half of a byte, with
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

  private final MemorySegment codes;
  private final int bits;
  private final int group;
  private final int flip;
  private final DType scaleType;
  private final MemorySegment scales;

  /**
   * @param bits of a code, 4 or 8
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
    } else {
      nibbles(first / 2, count, out.codes);
    }
  }

  private void bytes(long at, int count, byte[] out) {
    for (int i = 0; i < count; i += WHOLE.length()) {
      ByteVector.fromMemorySegment(WHOLE, codes, at + i, ORDER)
          .lanewise(VectorOperators.XOR, (byte) flip)
          .intoArray(out, i);
    }
  }

  /** A byte as a short is one nibble above the other; a shift moves the upper one to a byte. */
  private void nibbles(long at, int count, byte[] out) {
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

  /** A code that stands alone, such as a zero point, as unsigned. */
  static int code(MemorySegment packed, int bits, long index) {
    int whole = packed.get(JAVA_BYTE, index * bits / 8) & 255;
    return bits == 8 ? whole : whole >> 4 * (int) (index & 1) & 15;
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
