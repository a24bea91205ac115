package phiquant.quant.wide;

import static jdk.incubator.vector.VectorOperators.MAX;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** The largest magnitudes of groups; the bits of floats without their sign are in their order. */
public final class Magnitudes {
  private static final int MAGNITUDE = 0x7fffffff;

  private final int[] largest;

  /** Space for so many groups, and for what a vector takes of them too many. */
  public Magnitudes(int groups) {
    this.largest = new int[groups + LANES];
  }

  /**
   * Looks for them.
   *
   * @param from where the first group begins
   * @param size of a group, a multiple of 16
   */
  public void find(float[] x, int from, int groups, int size) {
    for (int g = 0, at = from; g < groups; g++, at += size) {
      IntVector most = IntVector.zero(INTS);
      for (int i = at; i < at + size; i += 2 * LANES) {
        IntVector a = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
        IntVector b = FloatVector.fromArray(FLOATS, x, i + LANES).reinterpretAsInts();
        most = a.and(MAGNITUDE).max(b.and(MAGNITUDE)).max(most);
      }
      largest[g] = most.reduceLanes(MAX);
    }
  }

  /** Of a group; infinite or not a number if one of its weights is. */
  public float of(int group) {
    return Float.intBitsToFloat(largest[group]);
  }

  /** Of as many groups as a vector has lanes. */
  public FloatVector vector(int group) {
    return IntVector.fromArray(INTS, largest, group).reinterpretAsFloats();
  }
}
