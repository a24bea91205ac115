package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.DType;
import phiquant.quant.BFloat16;

/**
 * Codes of 2 to 8 bits in the order of the weights, with scales in a tensor of their own: MLX's
 * affine mode, MatMulNBits of ONNX Runtime, compressed constants of OpenVINO. A subclass says what
 * the offset of a group is, {@code w = code · scale + offset}.
 */
abstract class GroupCodes implements Unpacking {
  private final Packed codes;
  private final int group;
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
    this.codes = new Packed(codes, bits, signed);
    this.group = group;
    this.scaleType = scaleType;
    this.scales = scales;
  }

  /** What is added to {@code code · scale} in a group, which is counted through the matrix. */
  abstract float offset(long index, float scale);

  @Override
  public int bits() {
    return codes.bits();
  }

  @Override
  public int centre() {
    return codes.bits() == 4 && !codes.signed() ? 8 : 0;
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
    codes.unpack(first, count, out.codes);
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
