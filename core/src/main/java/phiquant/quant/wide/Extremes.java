package phiquant.quant.wide;

import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.XOR;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The largest and the smallest weight of groups, from the bits of floats. As signed integers all
 * positive floats are above all negative ones and in their order, and with the sign flipped
 * negative ones are, by magnitude; so two integer maxima find both ends of a group that has weights
 * of either sign, in half the instructions that comparing floats takes.
 */
public final class Extremes {
  private static final int SIGN = 1 << 31;
  private static final int INFINITY = 0x7F800000;

  private final int[] largest;
  private final int[] smallest;

  /** Space for so many groups, and for what a vector takes of them too many. */
  public Extremes(int groups) {
    this.largest = new int[groups + LANES];
    this.smallest = new int[groups + LANES];
  }

  /**
   * Looks for them.
   *
   * @param from where the first group begins
   * @param size of a group, a multiple of 16
   * @return the bits that any weight has
   */
  public int find(float[] x, int from, int groups, int size) {
    IntVector all = IntVector.zero(INTS);
    for (int g = 0, at = from; g < groups; g++, at += size) {
      IntVector high = IntVector.broadcast(INTS, Integer.MIN_VALUE);
      IntVector low = high;
      for (int i = at; i < at + size; i += 2 * LANES) {
        IntVector a = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
        IntVector b = FloatVector.fromArray(FLOATS, x, i + LANES).reinterpretAsInts();
        high = a.max(b).max(high);
        low = a.lanewise(XOR, SIGN).max(b.lanewise(XOR, SIGN)).max(low);
        all = a.or(b).or(all);
      }
      largest[g] = high.reduceLanes(MAX);
      smallest[g] = low.reduceLanes(MAX) ^ SIGN;
    }
    return all.reduceLanes(OR);
  }

  /** The bits of the largest weights; of those that have no positive one, something negative. */
  public int[] largest() {
    return largest;
  }

  /** The bits of the smallest weights; of those that have no negative one, something positive. */
  public int[] smallest() {
    return smallest;
  }

  /** The largest weight of a group or, if it has no positive one, zero. */
  public float highest(int group) {
    return largest[group] < 0 ? 0 : Float.intBitsToFloat(largest[group]);
  }

  /** The smallest weight of a group or, if it has no negative one, zero. */
  public float lowest(int group) {
    return smallest[group] < 0 ? Float.intBitsToFloat(smallest[group]) : 0;
  }

  /** Whether a group has nothing that is infinite or not a number. */
  public boolean isFinite(int group) {
    return largest[group] < INFINITY && (smallest[group] & Integer.MAX_VALUE) < INFINITY;
  }
}
