package phiquant.quant.grid;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.grid.GridRule.Reach;
import phiquant.quant.grid.GridRule.Zero;

/**
 * The steps of {@link ScalarGridSearch} for a group in each lane of a vector. Each lane does what
 * the scalar form does, in its order, so the width of the vector changes nothing. Weights are
 * transposed first, so that weight i of all groups is one vector. One thread's working memory;
 * between methods all state is in arrays, since vectors that cross a call would be allocated.
 */
final class GridLanes {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Groups at once. */
  static final int LANES = SPECIES.length();

  private static final float ROUND = ScalarGridSearch.ROUND;
  private static final int RUN = GridSearch.RUN * LANES;

  private final GridRule rule;
  private final int size;
  private final boolean free;

  /** Weights, the same less their mean, and what they count. */
  private final float[] x;

  private final float[] centred;
  private final float[] importance;

  private final float[] min = new float[LANES];
  private final float[] max = new float[LANES];
  private final float[] sumW = new float[LANES];
  private final float[] mean = new float[LANES];
  private final float[] gain = new float[LANES];

  /** The grid to try: levels are {@code x · inverse + shift}, from low to high. */
  private final float[] inverse = new float[LANES];

  private final float[] origin = new float[LANES];
  private final float[] shift = new float[LANES];
  private final float[] low = new float[LANES];
  private final float[] high = new float[LANES];

  /** The best grid so far, and the one to begin with. */
  private final float[] found = new float[LANES];

  private final float[] origins = new float[LANES];
  private final float[] scales = new float[LANES];
  private final float[] offsets = new float[LANES];
  private final float[] error = new float[LANES];

  GridLanes(GridRule rule, int size) {
    this.rule = rule;
    this.size = size;
    this.free = rule.zero() == Zero.FREE;
    x = new float[size * LANES];
    centred = free ? new float[size * LANES] : x;
    importance = new float[size * LANES];
  }

  /** Scales of the grids to begin with, and at last of the better ones. */
  float[] scales() {
    return scales;
  }

  /** Their codes of zero or offsets. */
  float[] offsets() {
    return offsets;
  }

  /** Scales that were found. */
  float[] found() {
    return found;
  }

  /** Their codes of zero or offsets. */
  float[] origins() {
    return origins;
  }

  /** Transposes {@code some} groups that begin at {@code source[from]}. */
  void load(float[] source, int from, float[] columns, int group, int some) {
    int groups = columns.length / size;
    for (int lane = 0; lane < LANES; lane++) {
      int own = Math.min(lane, some - 1);
      int start = from + own * size;
      int column = (group + own) % groups * size;
      for (int i = 0; i < size; i++) {
        x[i * LANES + lane] = source[start + i];
        importance[i * LANES + lane] = columns[column + i];
      }
    }
  }

  /** The span of the weights, which holds zero unless offsets are free; and their mean. */
  void begin() {
    FloatVector least = free ? FloatVector.fromArray(SPECIES, x, 0) : FloatVector.zero(SPECIES);
    FloatVector most = least;
    FloatVector allW = FloatVector.zero(SPECIES);
    FloatVector allX = allW;
    for (int run = 0; run < x.length; run += RUN) {
      FloatVector sum = FloatVector.zero(SPECIES);
      FloatVector sumX = sum;
      for (int i = run; i < Math.min(run + RUN, x.length); i += LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        least = v.blend(least, v.compare(LT, least).not());
        most = v.blend(most, v.compare(GT, most).not());
        FloatVector w = FloatVector.fromArray(SPECIES, importance, i);
        sum = w.add(sum);
        sumX = w.mul(v).add(sumX);
      }
      allW = sum.add(allW);
      allX = sumX.add(allX);
    }
    least.intoArray(min, 0);
    most.intoArray(max, 0);
    allW.intoArray(sumW, 0);
    Arrays.fill(gain, 0);
    Arrays.fill(found, 0);
    Arrays.fill(origins, 0);
    if (free) {
      centre(allX.div(allW));
    }
  }

  private void centre(FloatVector middle) {
    middle.intoArray(mean, 0);
    for (int i = 0; i < x.length; i += LANES) {
      FloatVector.fromArray(SPECIES, x, i).sub(middle).intoArray(centred, i);
    }
  }

  /** Takes a grid of some reach to try. */
  void place(Reach reach) {
    FloatVector least = FloatVector.fromArray(SPECIES, min, 0);
    FloatVector most = FloatVector.fromArray(SPECIES, max, 0);
    FloatVector levels = FloatVector.broadcast(SPECIES, reach.levels());
    if (rule.zero() == Zero.FIXED) {
      FloatVector extreme = most.blend(least, most.compare(GT, least.neg()).not());
      set(levels.div(extreme), FloatVector.zero(SPECIES));
      return;
    }
    FloatVector steps = levels.div(most.sub(least));
    FloatVector start = least.mul(steps).neg().sub(reach.below());
    if (rule.zero() == Zero.CODE) {
      FloatVector zero = start.blend(0f, start.compare(LT, 0f));
      zero = zero.blend(rule.top(), zero.compare(GT, rule.top()));
      set(steps, zero.add(ROUND).sub(ROUND));
    } else {
      set(steps, start.div(steps).neg());
    }
  }

  /** Takes the best grid so far to try its own levels. */
  void again() {
    set(
        FloatVector.broadcast(SPECIES, 1f).div(FloatVector.fromArray(SPECIES, found, 0)),
        FloatVector.fromArray(SPECIES, origins, 0));
  }

  private void set(FloatVector steps, FloatVector zero) {
    steps.intoArray(inverse, 0);
    zero.intoArray(origin, 0);
    FloatVector none = FloatVector.zero(SPECIES);
    FloatVector top = FloatVector.broadcast(SPECIES, rule.top());
    switch (rule.zero()) {
      case FIXED -> {
        none.intoArray(shift, 0);
        none.sub(rule.half()).intoArray(low, 0);
        none.add(rule.half() - 1).intoArray(high, 0);
      }
      case CODE -> {
        none.intoArray(shift, 0);
        zero.neg().intoArray(low, 0);
        top.sub(zero).intoArray(high, 0);
      }
      case FREE -> {
        zero.mul(steps).neg().intoArray(shift, 0);
        none.intoArray(low, 0);
        top.intoArray(high, 0);
      }
    }
  }

  /** Fits a grid to the levels of the one to try, and keeps it where it is the best so far. */
  void fit() {
    FloatVector steps = FloatVector.fromArray(SPECIES, inverse, 0);
    FloatVector start = FloatVector.fromArray(SPECIES, shift, 0);
    FloatVector least = FloatVector.fromArray(SPECIES, low, 0);
    FloatVector most = FloatVector.fromArray(SPECIES, high, 0);
    FloatVector sumL = FloatVector.zero(SPECIES);
    FloatVector sumLl = sumL;
    FloatVector sumXl = sumL;
    for (int run = 0; run < x.length; run += RUN) {
      FloatVector l = FloatVector.zero(SPECIES);
      FloatVector ll = l;
      FloatVector xl = l;
      for (int i = run; i < Math.min(run + RUN, x.length); i += LANES) {
        FloatVector level = FloatVector.fromArray(SPECIES, x, i).mul(steps).add(start);
        level = level.blend(least, level.compare(LT, least));
        level = level.blend(most, level.compare(GT, most));
        level = level.add(ROUND).sub(ROUND);
        FloatVector weighted = FloatVector.fromArray(SPECIES, importance, i).mul(level);
        l = weighted.add(l);
        ll = weighted.mul(level).add(ll);
        xl = weighted.mul(FloatVector.fromArray(SPECIES, centred, i)).add(xl);
      }
      sumL = l.add(sumL);
      sumLl = ll.add(sumLl);
      sumXl = xl.add(sumXl);
    }
    FloatVector middle =
        free ? sumL.div(FloatVector.fromArray(SPECIES, sumW, 0)) : FloatVector.zero(SPECIES);
    FloatVector fitted = sumXl.div(sumLl.sub(sumL.mul(middle)));
    FloatVector own = sumXl.mul(fitted);
    VectorMask<Float> better = own.compare(GT, FloatVector.fromArray(SPECIES, gain, 0));
    own.intoArray(gain, 0, better);
    fitted.intoArray(found, 0, better);
    FloatVector zero =
        free
            ? FloatVector.fromArray(SPECIES, mean, 0).sub(fitted.mul(middle))
            : FloatVector.fromArray(SPECIES, origin, 0);
    zero.intoArray(origins, 0, better);
  }

  /** Replaces the grids to begin with where those that were found have less error. */
  void choose() {
    error(scales, offsets);
    FloatVector before = FloatVector.fromArray(SPECIES, error, 0);
    error(found, origins);
    VectorMask<Float> better = FloatVector.fromArray(SPECIES, error, 0).compare(LT, before);
    FloatVector.fromArray(SPECIES, found, 0).intoArray(scales, 0, better);
    FloatVector.fromArray(SPECIES, origins, 0).intoArray(offsets, 0, better);
  }

  private void error(float[] grid, float[] zeros) {
    FloatVector step = FloatVector.fromArray(SPECIES, grid, 0);
    FloatVector zero = FloatVector.fromArray(SPECIES, zeros, 0);
    set(FloatVector.broadcast(SPECIES, 1f).div(step), zero);
    FloatVector steps = FloatVector.fromArray(SPECIES, inverse, 0);
    FloatVector start = FloatVector.fromArray(SPECIES, shift, 0);
    FloatVector least = FloatVector.fromArray(SPECIES, low, 0);
    FloatVector most = FloatVector.fromArray(SPECIES, high, 0);
    FloatVector offset = free ? zero : FloatVector.zero(SPECIES);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int run = 0; run < x.length; run += RUN) {
      FloatVector part = FloatVector.zero(SPECIES);
      for (int i = run; i < Math.min(run + RUN, x.length); i += LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        FloatVector level = v.mul(steps).add(start);
        level = level.blend(least, level.compare(LT, least));
        level = level.blend(most, level.compare(GT, most));
        level = level.add(ROUND).sub(ROUND);
        FloatVector difference = step.mul(level).add(offset).sub(v);
        FloatVector square = difference.mul(difference);
        part = FloatVector.fromArray(SPECIES, importance, i).mul(square).add(part);
      }
      sum = part.add(sum);
    }
    sum.intoArray(error, 0);
  }
}
