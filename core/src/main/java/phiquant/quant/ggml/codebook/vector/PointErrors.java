package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.Contenders;

/**
 * The point of smallest error for eight weights of three levels, among a list of points, one in
 * each lane. A weight has one of three errors, whatever the point: they are computed once, 32 lanes
 * for eight weights with four places each, and a point's error is eight looks into that table,
 * added in the scalar form's order.
 */
final class PointErrors {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  /** Weights whose errors fill a vector. */
  private static final int TOGETHER = LANES / 4;

  /** The errors' bits, a weight's four after those of the one before. */
  private final int[] table = new int[32];

  /**
   * Computes the errors of eight weights.
   *
   * @param values each weight four times, from index {@code at}
   * @param weights how much their errors count, likewise
   * @param levels what a weight may be before it is scaled: three values and any fourth, 16 in all
   */
  void begin(float[] values, float[] weights, int at, float[] levels, float scale) {
    FloatVector level = FloatVector.fromArray(FLOATS, levels, 0).mul(scale);
    for (int i = 0; i < 32; i += LANES) {
      FloatVector difference = level.sub(FloatVector.fromArray(FLOATS, values, at + i));
      difference
          .mul(FloatVector.fromArray(FLOATS, weights, at + i))
          .mul(difference)
          .reinterpretAsInts()
          .intoArray(table, i);
    }
  }

  /** The first of {@link Contenders#BLOCK} points of smallest error. */
  int nearestOfBlock(int[] codes, int start) {
    int least = Integer.MAX_VALUE;
    int best = 0;
    for (int j = 0; j < Contenders.BLOCK; j += LANES) {
      IntVector rest = IntVector.fromArray(INTS, codes, start + j);
      FloatVector error = FloatVector.zero(FLOATS);
      for (int i = 0; i < 8; i++) {
        rest = (IntVector) INTS.vectorType().cast(rest);
        error =
            rest.selectFrom(IntVector.fromArray(INTS, table, i / TOGETHER * LANES))
                .reinterpretAsFloats()
                .add(error);
        rest = rest.lanewise(VectorOperators.LSHR, 4);
      }
      IntVector bits = error.reinterpretAsInts().and(Integer.MAX_VALUE);
      int smallest = bits.reduceLanes(VectorOperators.MIN);
      int place = j + bits.compare(VectorOperators.EQ, smallest).firstTrue();
      best = smallest < least ? place : best;
      least = Math.min(least, smallest);
    }
    return start + best;
  }

  /**
   * Where the point of smallest error is, the first of equals.
   *
   * @param codes of points, as {@link Contenders#codes} has them
   */
  int nearest(int[] codes, int start, int length) {
    int least = Float.floatToRawIntBits(Float.MAX_VALUE);
    int best = 0;
    for (int j = 0; j < length; j += LANES) {
      IntVector rest = IntVector.fromArray(INTS, codes, start + j);
      FloatVector error = FloatVector.zero(FLOATS);
      for (int i = 0; i < 8; i++) {
        // Says what it is; the package of numbers tells why.
        rest = (IntVector) INTS.vectorType().cast(rest);
        // Takes as many bits of the code as there are lanes to choose from.
        error =
            rest.selectFrom(IntVector.fromArray(INTS, table, i / TOGETHER * LANES))
                .reinterpretAsFloats()
                .add(error);
        rest = rest.lanewise(VectorOperators.LSHR, 4);
      }
      // Errors are not negative, so that their bits have their order; of NaN, none is smallest.
      IntVector bits = error.reinterpretAsInts().and(Integer.MAX_VALUE);
      if (length - j < LANES) {
        bits = bits.blend(Integer.MAX_VALUE, INTS.indexInRange(j, length).not());
      }
      int smallest = bits.reduceLanes(VectorOperators.MIN);
      if (smallest < least) {
        least = smallest;
        best = j + bits.compare(VectorOperators.EQ, smallest).firstTrue();
      }
    }
    return start + best;
  }
}
