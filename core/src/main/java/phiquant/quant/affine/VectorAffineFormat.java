package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.wide.Quads;
import phiquant.quant.wide.TypedWeights;
import phiquant.quant.wide.VectorRounding;

/**
 * {@link AffineFormat} with the Vector API: the codes of several weights at once. Minimum, maximum
 * and the rounding to codes do not depend on an order, so the bytes are the same at every width.
 */
record VectorAffineFormat(AffineFormat scalar) implements VectorForm {
  private static final VectorSpecies<Float> SPECIES = VectorRounding.SPECIES;

  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

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
    int together = VectorRounding.CHUNK / size;
    AffineLanes lanes = new AffineLanes(groups, size, bits());
    TypedWeights weights = new TypedWeights(type(), VectorRounding.CHUNK, size);
    Quads quads = new Quads(VectorRounding.CHUNK, bits());
    for (int first = 0; first < groups; first += together) {
      int some = Math.min(together, groups - first);
      weights.take(x, from + first * size, some);
      lanes.lines(weights, some, first);
      lanes.codes(weights, some, first, quads);
      quads.pack(some * size, packed, (long) first * packedBytes());
    }
    type().encode(lanes.scales(), 0, groups, scales);
    type().encode(lanes.biases(), 0, groups, biases);
  }

  @Override
  public GroupFormat weighted(float[] importance) {
    return scalar.weighted(importance);
  }

  /** Through the smallest and the largest weight; floats become integers in their order. */
  static AffineFormat.Line line(float[] w, int at, int size, int top) {
    IntVector min = IntVector.broadcast(INTS, Integer.MAX_VALUE);
    IntVector max = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    for (int i = at; i < at + size; i += SPECIES.length()) {
      IntVector bits = FloatVector.fromArray(SPECIES, w, i).reinterpretAsInts();
      IntVector ordered = bits.lanewise(ASHR, 31).and(0x7FFFFFFF).lanewise(XOR, bits);
      min = min.min(ordered);
      max = max.max(ordered);
    }
    return AffineFormat.Line.through(
        inOrder(min.reduceLanes(MIN)), inOrder(max.reduceLanes(MAX)), top);
  }

  /** The float that became this integer; zeros are all positive, as comparing them finds them. */
  private static float inOrder(int ordered) {
    return Float.intBitsToFloat(ordered ^ (ordered >> 31 & 0x7FFFFFFF)) + 0f;
  }

  static void codes(float[] w, int at, int size, AffineFormat.Line line, int top, int[] codes) {
    for (int i = at; i < at + size; i += SPECIES.length()) {
      FloatVector q = FloatVector.fromArray(SPECIES, w, i).sub(line.bias()).div(line.scale());
      // The first blend also turns what is not a number into 0.
      q = FloatVector.zero(SPECIES).blend(q, q.compare(GE, 0f));
      q = q.blend(top, q.compare(GE, (float) top));
      q.lanewise(ADD, INTEGER).reinterpretAsInts().and(0xFF).intoArray(codes, i);
    }
  }
}
