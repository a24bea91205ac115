package phiquant.quant.ggml.codebook.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.TernaryGroups;
import phiquant.quant.ggml.codebook.TernarySearch;

/**
 * Sorts the weights of as many groups as there are lanes, and adds them up from the smallest on to
 * each boundary, apart for halves of groups if these have shifts of their own; and what was found
 * with that.
 */
final class SortedSums {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  private final int group;
  private final int halves;
  private final float[] values;
  private final int[] ranks;

  /** Sums of weights times how much their errors count, by half, then boundary. */
  final float[][] x;

  /** Of how much their errors count. */
  final float[][] w;

  final int[] splits = new int[LANES];
  final int[] shifts = new int[LANES];
  final float[] scales = new float[LANES];

  SortedSums(int halves, int group) {
    this.group = group;
    this.halves = halves;
    values = new float[group * LANES];
    ranks = new int[group * LANES];
    x = new float[halves][(group + 1) * LANES];
    w = new float[halves][(group + 1) * LANES];
  }

  /**
   * Takes groups.
   *
   * @param searches receive the ranks of their weights
   * @return false if there are NaN, which have no order
   */
  boolean add(float[] in, int from, float[] weights, int at, int groups, TernarySearch[] searches) {
    boolean numbers = true;
    for (int i = from; i < from + group * groups; i++) {
      numbers &= in[i] == in[i];
    }
    if (!numbers) {
      return false;
    }
    for (int lane = 0; lane < groups; lane++) {
      for (int i = 0; i < group; i++) {
        values[i * LANES + lane] = in[from + group * lane + i];
      }
    }
    rank();
    for (int half = 0; half < halves; half++) {
      Arrays.fill(x[half], 0);
      Arrays.fill(w[half], 0);
    }
    for (int lane = 0; lane < groups; lane++) {
      place(in, from + group * lane, weights, at + group * lane, lane, searches[lane].ranks);
    }
    for (int half = 0; half < halves; half++) {
      addUp(x[half]);
      addUp(w[half]);
    }
    return true;
  }

  /** Counts, for each weight, those that stand before it. */
  private void rank() {
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector own = FloatVector.fromArray(FLOATS, values, i);
      IntVector rank = IntVector.zero(INTS);
      for (int j = 0; j < i; j += LANES) {
        VectorMask<Float> before =
            FloatVector.fromArray(FLOATS, values, j).compare(VectorOperators.LE, own);
        // Says what it is; the package of numbers tells why.
        rank = (IntVector) INTS.vectorType().cast(rank);
        rank = rank.add(1, before.cast(INTS));
      }
      for (int j = i + LANES; j < values.length; j += LANES) {
        VectorMask<Float> before =
            FloatVector.fromArray(FLOATS, values, j).compare(VectorOperators.LT, own);
        rank = (IntVector) INTS.vectorType().cast(rank);
        rank = rank.add(1, before.cast(INTS));
      }
      rank.intoArray(ranks, i);
    }
  }

  /** Puts what is added up where it belongs, unless the group is zeros. */
  private void place(float[] in, int from, float[] weights, int at, int lane, int[] own) {
    float max = 0;
    for (int i = from; i < from + group; i++) {
      max = Math.max(max, Math.abs(in[i]));
    }
    boolean zeros = max < TernaryGroups.smallest(group);
    for (int i = 0; i < group; i++) {
      own[i] = ranks[i * LANES + lane];
      if (!zeros) {
        int half = halves == 1 || i < group / 2 ? 0 : 1;
        int to = (own[i] + 1) * LANES + lane;
        x[half][to] = weights[at + i] * in[from + i];
        w[half][to] = weights[at + i];
      }
    }
  }

  private static void addUp(float[] sums) {
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int j = LANES; j < sums.length; j += LANES) {
      sum = FloatVector.fromArray(FLOATS, sums, j).add(sum);
      sum.intoArray(sums, j);
    }
  }
}
