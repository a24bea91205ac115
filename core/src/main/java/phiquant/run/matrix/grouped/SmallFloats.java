package phiquant.run.matrix.grouped;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.quant.affine.ScaleCode;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Packed;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Floats of four bits (E2M1) in the order of the weights, the first in the low half of a byte, with
 * scales in a tensor of their own: mxfp4 of MLX and OpenVINO, nvfp4 of MLX.
 *
 * @param size weights that share a scale: 16, or a multiple of 32
 * @param scale what a scale is
 */
record SmallFloats(Packed codes, MemorySegment scales, int size, Scale scale) implements Unpacking {

  /** The numbers, doubled: the scale is halved for it. */
  private static final byte[] NUMBERS = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  /** What scales are. */
  interface Scale {
    float of(MemorySegment scales, long index);
  }

  static SmallFloats of(Layout.Microscaled layout) {
    ScaleCode code = layout.format().mode().equals("nvfp4") ? ScaleCode.FLOAT8 : ScaleCode.E8M0;
    return new SmallFloats(
        new Packed(layout.codes(), 4, false),
        layout.scales(),
        layout.format().groupSize(),
        (scales, index) -> code.decode(scales.get(JAVA_BYTE, index) & 255));
  }

  static SmallFloats of(Layout.Grouped layout) {
    DType type = layout.scaleType();
    return new SmallFloats(
        new Packed(layout.codes(), 4, false),
        layout.scales(),
        layout.group(),
        (scales, index) ->
            type == DType.F8_E8M0
                ? ScaleCode.E8M0.decode(scales.get(JAVA_BYTE, index) & 255)
                : GroupCodes.number(type, scales, index));
  }

  @Override
  public int group() {
    return Math.min(size, 32);
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    long index = first / size;
    for (int k = 0; k < count; k += size, index++) {
      float half = 0.5f * scale.of(scales, index);
      for (int i = k / group(); i < Math.min(k + size, count) / group(); i++) {
        out.scales[i] = half;
      }
    }
    codes.unpack(first, count, out.codes);
    ByteVector numbers = ByteVector.fromArray(ByteVector.SPECIES_128, NUMBERS, 0);
    for (int i = 0; i < count; i += 16) {
      ByteVector.fromArray(ByteVector.SPECIES_128, out.codes, i)
          .selectFrom(numbers)
          .intoArray(out.codes, i);
    }
  }
}
