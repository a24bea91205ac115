package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.Packing;

/**
 * {@link AffineFormat} with the Vector API: the codes of several weights at once. Minimum, maximum
 * and the rounding to codes do not depend on an order, so the bytes are the same at every width.
 */
record VectorAffineFormat(AffineFormat scalar) implements VectorForm {
  private static final VectorSpecies<Float> SPECIES = VectorRounding.SPECIES;

  /** Adding 2^23 leaves a float from 0 to 2^22 rounded to even in its lowest bits. */
  private static final float INTEGER = 0x1p23f;

  @Override
  public void encode(
      float[] x,
      int from,
      int groups,
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases) {
    int size = groupSize();
    int top = (1 << bits()) - 1;
    float[] w = new float[VectorRounding.CHUNK];
    int[] codes = new int[size];
    for (int g = 0; g < groups; g++) {
      int at = g * size % w.length;
      if (at == 0) {
        int rest = Math.min((groups - g) * size, w.length);
        VectorRounding.round(type(), x, from + g * size, rest, w);
      }
      FloatVector min = FloatVector.broadcast(SPECIES, Float.POSITIVE_INFINITY);
      FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < size; i += SPECIES.length()) {
        FloatVector v = FloatVector.fromArray(SPECIES, w, at + i);
        max = max.blend(v, max.compare(LT, v));
        min = min.blend(v, v.compare(LT, min));
      }
      AffineFormat.Line line =
          AffineFormat.Line.through(min.reduceLanes(MIN), max.reduceLanes(MAX), top);
      for (int i = 0; i < size; i += SPECIES.length()) {
        FloatVector q =
            FloatVector.fromArray(SPECIES, w, at + i).sub(line.bias()).div(line.scale());
        // The first blend also turns what is not a number into 0.
        q = FloatVector.zero(SPECIES).blend(q, q.compare(GE, 0f));
        q = q.blend(top, q.compare(GE, (float) top));
        q.lanewise(ADD, INTEGER).reinterpretAsInts().and(0xFF).intoArray(codes, i);
      }
      Packing.pack(codes, size, bits(), packed, (long) g * packedBytes());
      type().put(scales, g, line.scale());
      type().put(biases, g, line.bias());
    }
  }
}
