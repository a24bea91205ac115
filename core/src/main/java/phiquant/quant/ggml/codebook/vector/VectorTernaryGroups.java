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
 * {@link TernarySearch} with a group in each lane for sorting and for the search of the best split,
 * and with a point in each lane for the nearest of them. What the search has found stays in memory:
 * carried by the loop, it became objects in a JVM without profiles.
 */
public final class VectorTernaryGroups implements TernaryGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  @Override
  public void find(int group, float[] x, int from, float[] weights, int at, int groups, Found out) {
    TernarySearch[] searches = new TernarySearch[LANES];
    NearestTernary nearest = new NearestTernary();
    for (int lane = 0; lane < LANES; lane++) {
      searches[lane] = new TernarySearch(group, TernaryGroups.smallest(group), nearest);
    }
    int halves = group == 32 ? 1 : 2;
    SortedSums sums = new SortedSums(halves, group);
    int eights = group / 8;
    for (int g = 0; g < groups; g += LANES) {
      int some = Math.min(LANES, groups - g);
      boolean sorted = sums.add(x, from + group * g, weights, at + group * g, some, searches);
      if (halves == 1) {
        together(sums, group);
      } else {
        SplitHalves.find(sums, group);
      }
      for (int lane = 0; lane < some; lane++) {
        int place = group * (g + lane);
        TernarySearch search = searches[lane];
        int split = sums.splits[lane];
        int shifts = sums.shifts[lane];
        out.scales()[g + lane] =
            sorted
                ? search.finish(
                    x,
                    from + place,
                    weights,
                    at + place,
                    split < 0 ? -1 : split >> 8,
                    split & 255,
                    (shifts & 2) != 0,
                    (shifts & 1) != 0,
                    sums.scales[lane])
                : search.find(x, from + place, weights, at + place);
        System.arraycopy(search.points, 0, out.points(), eights * (g + lane), eights);
        System.arraycopy(search.down, 0, out.down(), eights * (g + lane), eights);
      }
    }
  }

  /** One shift for all. */
  private static void together(SortedSums sums, int group) {
    float[] sx = sums.x[0];
    float[] sw = sums.w[0];
    float[] best = new float[LANES];
    Arrays.fill(best, -Float.MAX_VALUE);
    Arrays.fill(sums.scales, 0);
    Arrays.fill(sums.splits, -1);
    Arrays.fill(sums.shifts, 0);
    FloatVector startX = FloatVector.fromArray(FLOATS, sx, 0);
    FloatVector startW = FloatVector.fromArray(FLOATS, sw, 0);
    FloatVector endX = FloatVector.fromArray(FLOATS, sx, group * LANES);
    FloatVector endW = FloatVector.fromArray(FLOATS, sw, group * LANES);
    for (int i1 = 0; i1 <= group; i1++) {
      FloatVector x1 = FloatVector.fromArray(FLOATS, sx, i1 * LANES);
      FloatVector w1 = FloatVector.fromArray(FLOATS, sw, i1 * LANES);
      FloatVector lowX = x1.sub(startX);
      FloatVector lowW = w1.sub(startW);
      for (int i2 = i1; i2 <= group; i2++) {
        FloatVector x2 = FloatVector.fromArray(FLOATS, sx, i2 * LANES);
        FloatVector w2 = FloatVector.fromArray(FLOATS, sw, i2 * LANES);
        FloatVector midX = x2.sub(x1);
        FloatVector midW = w2.sub(w1);
        FloatVector highX = endX.sub(x2);
        FloatVector highW = endW.sub(w2);
        for (int shift = 0; shift < 2; shift++) {
          float delta = shift == 0 ? TernarySearch.DELTA : -TernarySearch.DELTA;
          float a = -1 + delta;
          float c = 1 + delta;
          FloatVector sumQx = lowX.mul(a).add(midX.mul(delta)).add(highX.mul(c));
          FloatVector sumQ2 =
              lowW.mul(a).mul(a).add(midW.mul(delta).mul(delta)).add(highW.mul(c).mul(c));
          FloatVector old = FloatVector.fromArray(FLOATS, best, 0);
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
            IntVector.broadcast(INTS, 3 * shift).intoArray(sums.shifts, 0, taken);
          }
        }
      }
    }
  }
}
