package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link MicroscaledFormat} with the Vector API: the elements of several weights at once, with the
 * scalar form's division and rounding, so the bytes are the same at every width.
 */
record VectorMicroscaledFormat(MicroscaledFormat scalar) implements VectorForm {
  private static final VectorSpecies<Float> SPECIES = VectorRounding.SPECIES;
  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

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
    int[] codes = new int[w.length];
    PackedCodes writer = new PackedCodes(w.length, bits());
    int together = w.length / size;
    for (int first = 0; first < groups; first += together) {
      int some = Math.min(together, groups - first);
      VectorRounding.round(type(), x, from + first * size, some * size, w);
      for (int g = 0; g < some; g++) {
        float largest = largest(w, g * size, size);
        float scale = scalar.scale(largest);
        scales.set(ValueLayout.JAVA_BYTE, first + g, (byte) scalar.scaleCode().encode(scale));
        if (!(largest <= 1024 * scale && scale > 0)) {
          // E4M3 could not hold the scale: elements are far beyond 6, or there is only zero.
          scalar.codes(w, g * size, scale, codes);
        } else if (bits() == 4) {
          e2m1(w, g * size, size, scale, codes);
        } else {
          e4m3(w, g * size, size, scale, codes);
        }
      }
      writer.pack(codes, some * size, packed, (long) first * packedBytes());
    }
  }

  /** The largest magnitude of a group; magnitudes are in the order of their bits. */
  private static float largest(float[] w, int at, int size) {
    IntVector max = IntVector.zero(INTS);
    for (int i = at; i < at + size; i += SPECIES.length()) {
      max = max.max(FloatVector.fromArray(SPECIES, w, i).reinterpretAsInts().and(0x7FFFFFFF));
    }
    return Float.intBitsToFloat(max.reduceLanes(MAX));
  }

  /** As {@link E2M1#encode}: a code is the number of midpoints that lie below the magnitude. */
  private void e2m1(float[] w, int at, int size, float scale, int[] codes) {
    // A quotient by a power of two is exact; others are rounded to the model's type.
    int dropped = scalar.scaleCode() == ScaleCode.E8M0 ? 0 : type().droppedBits();
    for (int i = at; i < at + size; i += SPECIES.length()) {
      FloatVector x = FloatVector.fromArray(SPECIES, w, i).div(scale);
      if (dropped > 0) {
        IntVector bits = x.reinterpretAsInts();
        IntVector odd = bits.lanewise(LSHR, dropped).and(1);
        IntVector rounded = bits.add((1 << dropped - 1) - 1).add(odd).and(-1 << dropped);
        x = rounded.reinterpretAsFloats();
      }
      FloatVector magnitude = x.lanewise(ABS);
      IntVector code = IntVector.zero(INTS);
      code = code.add(1, magnitude.compare(GT, 0.25f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 0.75f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 1.25f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 1.75f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 2.5f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 3.5f).cast(INTS));
      code = code.add(1, magnitude.compare(GT, 5f).cast(INTS));
      code.add(8, x.compare(LT, -0.25f).cast(INTS)).intoArray(codes, i);
    }
  }

  /** As {@link E4M3#encode}; the scale is a power of two. */
  private static void e4m3(float[] w, int at, int size, float scale, int[] codes) {
    for (int i = at; i < at + size; i += SPECIES.length()) {
      FloatVector x = FloatVector.fromArray(SPECIES, w, i).div(scale);
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
