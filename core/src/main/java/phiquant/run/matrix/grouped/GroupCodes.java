package phiquant.run.matrix.grouped;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.EIGHT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import phiquant.checkpoint.DType;
import phiquant.quant.BFloat16;
import phiquant.quant.Half;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Packed;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Codes of 2 to 8 bits in the order of the weights, with scales in a tensor of their own: MLX's
 * affine mode, MatMulNBits of ONNX Runtime, compressed constants of OpenVINO. A subclass says what
 * the offset of a group is, {@code w = code · scale + offset}.
 */
abstract class GroupCodes implements Unpacking {

  private static final VectorShuffle<Float> FIRST_TWICE =
      VectorShuffle.fromOp(EIGHT, lane -> lane / 2);
  private static final VectorShuffle<Float> LAST_TWICE =
      VectorShuffle.fromOp(EIGHT, lane -> (lane + EIGHT.length()) / 2);

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

  /**
   * What is added to {@code code · scale} in groups.
   *
   * @param index the first group's, counted through the matrix; all are of one row
   */
  abstract void offsets(long index, int groups, float[] scales, float[] out);

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
    scales(first, count, 0, out, 0);
    codes.unpack(first, count, out.codes);
  }

  /**
   * Scales and offsets alone, each as often as it has 32 weights.
   *
   * @param excess what codes come out more than they are, for which offsets make up
   */
  final void scales(long first, int count, int excess, Codes out, int to) {
    long index = first / group;
    int groups = Math.ceilDiv(count, group);
    float[] own = out.groupScales;
    float[] ownOffsets = out.groupOffsets;
    numbers(scaleType, scales, index, groups, own);
    offsets(index, groups, own, ownOffsets);
    for (int g = 0; g < groups; g++) {
      ownOffsets[g] -= excess * own[g];
    }
    int each = Math.min(group, count) / 32;
    spread(own, groups, each, out, out.scales, to);
    spread(ownOffsets, groups, each, out, out.offsets, to);
  }

  /** Each number {@code each} times, into an array with room for two vectors more. */
  private static void spread(float[] in, int count, int each, Codes out, float[] to, int at) {
    switch (each) {
      case 1 -> System.arraycopy(in, 0, to, at, count);
      case 2 -> twice(in, count, to, at);
      case 4 -> {
        twice(in, count, out.twice, 0);
        twice(out.twice, 2 * count, to, at);
      }
      default -> {
        for (int i = 0; i < count; i++) {
          Arrays.fill(to, at + i * each, at + (i + 1) * each, in[i]);
        }
      }
    }
  }

  private static void twice(float[] in, int count, float[] to, int at) {
    int lanes = EIGHT.length();
    for (int i = 0; i < count; i += lanes) {
      FloatVector some = FloatVector.fromArray(EIGHT, in, i);
      some.rearrange(FIRST_TWICE).intoArray(to, at + 2 * i);
      some.rearrange(LAST_TWICE).intoArray(to, at + 2 * i + lanes);
    }
  }

  /** The codes as they lie. */
  final MemorySegment packed() {
    return codes.codes();
  }

  final boolean signed() {
    return codes.signed();
  }

  /** The same for many, in loops that become vectors. */
  static void numbers(DType type, MemorySegment numbers, long index, int count, float[] out) {
    switch (type) {
      case F32 -> MemorySegment.copy(numbers, JAVA_FLOAT_UNALIGNED, 4 * index, out, 0, count);
      case F16 -> Half.decode(numbers, 2 * index, out, 0, count);
      case BF16 -> BFloat16.decode(numbers, 2 * index, out, 0, count);
      default -> {
        for (int i = 0; i < count; i++) {
          out[i] = number(type, numbers, index + i);
        }
      }
    }
  }

  static float number(DType type, MemorySegment numbers, long index) {
    return switch (type) {
      case F32 -> numbers.get(JAVA_FLOAT_UNALIGNED, 4 * index);
      case F16 -> Float.float16ToFloat(numbers.get(JAVA_SHORT_UNALIGNED, 2 * index));
      case BF16 -> BFloat16.toFloat(numbers.get(JAVA_SHORT_UNALIGNED, 2 * index));
      default -> throw new IllegalArgumentException("scales of type " + type);
    };
  }
}
