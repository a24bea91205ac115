package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.MAX;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** What the vector forms of this package share. */
final class GroupLanes {
  /** As wide as the machine, but not wider than the smallest group: 16 floats. */
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);

  private GroupLanes() {}

  /** The largest magnitude of a group. */
  static float largest(float[] x, int from, int count) {
    FloatVector most = FloatVector.zero(FLOATS);
    int whole = FLOATS.loopBound(count);
    for (int i = 0; i < whole; i += FLOATS.length()) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).lanewise(ABS);
      // Says what it is; the package of numbers tells why.
      most = (FloatVector) FLOATS.vectorType().cast(most);
      most = most.blend(v, v.compare(GT, most));
    }
    float largest = most.reduceLanes(MAX);
    for (int i = from + whole; i < from + count; i++) {
      largest = Math.abs(x[i]) > largest ? Math.abs(x[i]) : largest;
    }
    return largest;
  }

  /** Keeps the lowest byte of every lane. */
  static void bytes(int[] lanes, byte[] out, int at) {
    for (int i = 0; i < lanes.length; i++) {
      out[at + i] = (byte) lanes[i];
    }
  }
}
