package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import phiquant.quant.wide.Magnitudes;
import phiquant.quant.wide.Quads;
import phiquant.quant.wide.VectorRounding;

/**
 * {@link MicroscaledFormat} with the Vector API: the elements of several weights at once, with the
 * scalar form's division and rounding, so the bytes are the same at every width.
 */
record VectorMicroscaledFormat(MicroscaledFormat scalar) implements VectorForm {
  private static final int QUARTER = Float.floatToRawIntBits(0.25f);
  private static final int THREE_QUARTERS = Float.floatToRawIntBits(0.75f);

  @Override
  public void encode(
      float[] x,
      int from,
      int groups,
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases) {
    int size = groupSize();
    float[] w = new float[VectorRounding.CHUNK];
    float[] found = new float[VectorRounding.CHUNK / size];
    Magnitudes magnitudes = new Magnitudes(found.length);
    int[] codes = new int[w.length];
    Quads quads = new Quads(w.length, bits());
    for (int first = 0; first < groups; first += found.length) {
      int some = Math.min(found.length, groups - first);
      VectorRounding.round(type(), x, from + first * size, some * size, w);
      magnitudes.find(w, 0, some, size);
      boolean plain = true;
      for (int g = 0; g < some; g++) {
        found[g] = scalar.scale(magnitudes.of(g));
        scales.set(ValueLayout.JAVA_BYTE, first + g, (byte) scalar.scaleCode().encode(found[g]));
        plain &= isPlain(magnitudes.of(g), found[g]);
      }
      if (bits() == 4) {
        e2m1(w, some * size, found, codes);
      } else {
        e4m3(w, some * size, found, codes);
      }
      for (int g = 0; g < some && !plain; g++) {
        if (!isPlain(magnitudes.of(g), found[g])) {
          // E4M3 could not hold the scale: elements are far beyond 6, or there is only zero.
          scalar.codes(w, g * size, found[g], codes);
        }
      }
      quads.take(codes, some * size);
      quads.pack(some * size, packed, (long) first * packedBytes());
    }
  }

  private static boolean isPlain(float largest, float scale) {
    return largest <= 1024 * scale && scale > 0 && scale < Float.POSITIVE_INFINITY;
  }

  /**
   * As {@link E2M1#encode}. From 1 on a code is exponent and upper fraction bit, rounded down at a
   * tie; below, it is the number of midpoints that lie below the magnitude.
   */
  private void e2m1(float[] w, int count, float[] scales, int[] codes) {
    // A quotient by a power of two is exact; others are rounded to the model's type.
    int dropped = scalar.scaleCode() == ScaleCode.E8M0 ? 0 : type().droppedBits();
    int shift = Integer.numberOfTrailingZeros(groupSize());
    IntVector quarter = IntVector.broadcast(INTS, QUARTER);
    IntVector threeQuarters = IntVector.broadcast(INTS, THREE_QUARTERS);
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, w, i).div(scales[i >> shift]);
      IntVector bits = x.reinterpretAsInts();
      if (dropped > 0) {
        IntVector odd = bits.lanewise(LSHR, dropped).and(1);
        bits = bits.add((1 << dropped - 1) - 1).add(odd).and(-1 << dropped);
      }
      IntVector magnitude = bits.and(0x7FFFFFFF);
      IntVector large = magnitude.add(0x1FFFFF).lanewise(LSHR, 22).sub(0xFC);
      IntVector some = quarter.sub(magnitude).lanewise(LSHR, 31);
      IntVector more = threeQuarters.sub(magnitude).lanewise(LSHR, 31);
      IntVector sign = bits.lanewise(LSHR, 31).and(some).lanewise(LSHL, 3);
      large.max(some.add(more)).min(7).or(sign).intoArray(codes, i);
    }
  }

  /** As {@link E4M3#encode}; the scale is a power of two. */
  private void e4m3(float[] w, int count, float[] scales, int[] codes) {
    int shift = Integer.numberOfTrailingZeros(groupSize());
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, w, i).div(scales[i >> shift]);
      FloatVector magnitude = x.lanewise(ABS);
      IntVector bits = magnitude.reinterpretAsInts();
      IntVector odd = bits.lanewise(LSHR, 20).and(1);
      IntVector normal = bits.add(0x7FFFF - (127 - 7 << 23)).add(odd).lanewise(LSHR, 20);
      IntVector small = magnitude.add(0x1p14f).reinterpretAsInts().and(0xF);
      IntVector code = normal.blend(small, magnitude.compare(LT, 0x1p-6f).cast(INTS));
      code = code.blend(0x7E, magnitude.compare(LT, E4M3.MAX).not().cast(INTS));
      code.or(x.reinterpretAsInts().lanewise(LSHR, 24).and(0x80)).intoArray(codes, i);
    }
  }
}
