package phiquant.quant.ggml.codebook.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.TernarySearch;

/**
 * The best split of sorted weights where each half of a group has a shift of its own (IQ1_M), a
 * group in each lane.
 *
 * <p>The scalar form keeps the best of 612 candidates, which half of all steps change in some lane.
 * Here a quarter of the candidates are looked at first, and the search begins as if something had
 * been found that is a thousandth worse than the best of them ({@link #WORSE}). What it no longer
 * finds on its way cannot be the end: each candidate that replaces another is better by rounding at
 * least, 612 such steps are less than a thousandth, and a better one is known to come.
 */
final class SplitHalves {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  /** What is surely worse than the best, for all that rounding does on the way. */
  private static final float WORSE = 0.999f;

  /** Sums of weights between these, and gains between their squares, lose no digits. */
  private static final float TINY = 1e-12f;

  private static final float HUGE = 1e12f;

  private SplitHalves() {}

  /** Writes splits, shifts and scales of all groups. */
  static void find(SortedSums sums, int group) {
    float[] start = new float[LANES];
    Arrays.fill(start, -Float.MAX_VALUE);
    search(sums, group, 2, start);
    for (int lane = 0; lane < LANES; lane++) {
      float all = sums.w[0][group * LANES + lane] + sums.w[1][group * LANES + lane];
      boolean safe =
          all > TINY && all < HUGE && start[lane] > TINY * TINY && start[lane] < HUGE * HUGE;
      start[lane] = safe ? start[lane] * WORSE : -Float.MAX_VALUE;
    }
    search(sums, group, 1, start);
  }

  /**
   * Searches.
   *
   * @param step 1, or 2 to look ahead at every second boundary and leave only what is gained
   * @param best what must be gained; receives what is, in memory as all that is found: carried by
   *     the loop as arguments, it took twice as long
   */
  private static void search(SortedSums sums, int group, int step, float[] best) {
    Arrays.fill(sums.scales, 0);
    Arrays.fill(sums.splits, -1);
    Arrays.fill(sums.shifts, 0);
    float[] fourX = new float[4 * LANES];
    float[] fourQ = new float[4 * LANES];
    float up = 1 + TernarySearch.DELTA;
    float down = 1 - TernarySearch.DELTA;
    // Differences of the squares of neighbouring levels, shifted up and down.
    float up1 = down * down - TernarySearch.DELTA * TernarySearch.DELTA;
    float up2 = TernarySearch.DELTA * TernarySearch.DELTA - up * up;
    float down1 = up * up - TernarySearch.DELTA * TernarySearch.DELTA;
    float down2 = TernarySearch.DELTA * TernarySearch.DELTA - down * down;
    int end = group * LANES;
    FloatVector endX0 = FloatVector.fromArray(FLOATS, sums.x[0], end);
    FloatVector endX1 = FloatVector.fromArray(FLOATS, sums.x[1], end);
    FloatVector endW0 = FloatVector.fromArray(FLOATS, sums.w[0], end);
    FloatVector endW1 = FloatVector.fromArray(FLOATS, sums.w[1], end);
    FloatVector upX0 = endX0.mul(up);
    FloatVector downX0 = endX0.mul(down);
    FloatVector upX1 = endX1.mul(up);
    FloatVector downX1 = endX1.mul(down);
    FloatVector upW0 = endW0.mul(up).mul(up);
    FloatVector downW0 = endW0.mul(down).mul(down);
    FloatVector upW1 = endW1.mul(up).mul(up);
    FloatVector downW1 = endW1.mul(down).mul(down);
    for (int i1 = 0; i1 <= group; i1 += step) {
      FloatVector x01 = FloatVector.fromArray(FLOATS, sums.x[0], i1 * LANES);
      FloatVector x11 = FloatVector.fromArray(FLOATS, sums.x[1], i1 * LANES);
      FloatVector w01 = FloatVector.fromArray(FLOATS, sums.w[0], i1 * LANES);
      FloatVector w11 = FloatVector.fromArray(FLOATS, sums.w[1], i1 * LANES);
      FloatVector lowUp0 = upW0.add(w01.mul(up1));
      FloatVector lowDown0 = downW0.add(w01.mul(down1));
      FloatVector lowUp1 = upW1.add(w11.mul(up1));
      FloatVector lowDown1 = downW1.add(w11.mul(down1));
      for (int i2 = i1; i2 <= group; i2 += step) {
        FloatVector sx0 = x01.add(FloatVector.fromArray(FLOATS, sums.x[0], i2 * LANES));
        FloatVector sx1 = x11.add(FloatVector.fromArray(FLOATS, sums.x[1], i2 * LANES));
        FloatVector w02 = FloatVector.fromArray(FLOATS, sums.w[0], i2 * LANES);
        FloatVector w12 = FloatVector.fromArray(FLOATS, sums.w[1], i2 * LANES);
        FloatVector high0 = upX0.sub(sx0);
        FloatVector deep0 = downX0.sub(sx0);
        FloatVector high1 = upX1.sub(sx1);
        FloatVector deep1 = downX1.sub(sx1);
        FloatVector highQ0 = lowUp0.add(w02.mul(up2));
        FloatVector deepQ0 = lowDown0.add(w02.mul(down2));
        FloatVector highQ1 = lowUp1.add(w12.mul(up2));
        FloatVector deepQ1 = lowDown1.add(w12.mul(down2));
        FloatVector xa = high0.add(high1);
        FloatVector xb = high0.add(deep1);
        FloatVector xc = deep0.add(high1);
        FloatVector xd = deep0.add(deep1);
        FloatVector qa = highQ0.add(highQ1);
        FloatVector qb = highQ0.add(deepQ1);
        FloatVector qc = deepQ0.add(highQ1);
        FloatVector qd = deepQ0.add(deepQ1);
        if (step > 1) {
          // Of a NaN, as groups of zeros have it, nothing is known.
          FloatVector ab = xa.mul(xa).div(qa).max(xb.mul(xb).div(qb));
          FloatVector cd = xc.mul(xc).div(qc).max(xd.mul(xd).div(qd));
          ab.max(cd).max(FloatVector.fromArray(FLOATS, best, 0)).intoArray(best, 0);
          continue;
        }
        FloatVector old = FloatVector.fromArray(FLOATS, best, 0);
        // Most pairs are better nowhere: one branch for all four.
        VectorMask<Float> any =
            xa.mul(xa)
                .compare(VectorOperators.GT, old.mul(qa))
                .or(xb.mul(xb).compare(VectorOperators.GT, old.mul(qb)))
                .or(xc.mul(xc).compare(VectorOperators.GT, old.mul(qc)))
                .or(xd.mul(xd).compare(VectorOperators.GT, old.mul(qd)));
        if (!any.anyTrue()) {
          continue;
        }
        xa.intoArray(fourX, 0);
        xb.intoArray(fourX, LANES);
        xc.intoArray(fourX, 2 * LANES);
        xd.intoArray(fourX, 3 * LANES);
        qa.intoArray(fourQ, 0);
        qb.intoArray(fourQ, LANES);
        qc.intoArray(fourQ, 2 * LANES);
        qd.intoArray(fourQ, 3 * LANES);
        for (int k = 0; k < 4; k++) {
          FloatVector sumQx = FloatVector.fromArray(FLOATS, fourX, k * LANES);
          FloatVector sumQ2 = FloatVector.fromArray(FLOATS, fourQ, k * LANES);
          old = FloatVector.fromArray(FLOATS, best, 0);
          VectorMask<Float> better =
              sumQx
                  .mul(sumQx)
                  .compare(VectorOperators.GT, old.mul(sumQ2))
                  .and(sumQ2.compare(VectorOperators.GT, 0f));
          if (better.anyTrue()) {
            VectorMask<Integer> taken = better.cast(INTS);
            FloatVector candidate = sumQx.div(sumQ2);
            candidate.intoArray(sums.scales, 0, better);
            old.blend(candidate.mul(sumQx), better).intoArray(best, 0);
            IntVector.broadcast(INTS, i1 << 8 | i2).intoArray(sums.splits, 0, taken);
            IntVector.broadcast(INTS, k).intoArray(sums.shifts, 0, taken);
          }
        }
      }
    }
  }
}
