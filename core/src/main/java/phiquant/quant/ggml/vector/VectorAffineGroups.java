package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;
import phiquant.quant.ggml.Grids;

/**
 * {@link AffineSearch} for as many groups at once as a vector has lanes. Each lane does what the
 * scalar form does, in its order, so the width of the vector changes nothing; choices become masks.
 * The weights of the groups are transposed first, so that weight i of all groups is one vector.
 *
 * <p>Levels stay floats: adding and subtracting 1.5 · 2^23 rounds as the scalar form does, and the
 * lowest and the highest level are bounds on the bits in between.
 */
public final class VectorAffineGroups implements AffineGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final float MAGIC = 12582912f;

  private static final int LOWEST = Float.floatToRawIntBits(MAGIC);

  /** Ranges whose inverse times the largest level is a float, and so is its product with them. */
  private static final float NARROWEST = 1e-30f;

  private static final float WIDEST = 1e30f;

  @Override
  public void find(
      AffineSearch search,
      float[] x,
      int from,
      float[] weights,
      int at,
      int groups,
      Grids out,
      int first) {
    int n = search.group();
    Scratch scratch = new Scratch(n * LANES);
    for (int g = 0; g < groups; g += LANES) {
      // Lanes beyond the last group repeat it; what they find is not used.
      Transposed.groups(x, from + n * g, n, groups - g, scratch.values);
      if (weights == null) {
        weigh(search.absolute(), scratch.values, scratch.weights);
      } else {
        Transposed.groups(weights, at + n * g, n, groups - g, scratch.weights);
      }
      int some = Math.min(LANES, groups - g);
      if (search(search, scratch, weights != null)) {
        System.arraycopy(scratch.scales, 0, out.scales, first + g, some);
        System.arraycopy(scratch.mins, 0, out.mins, first + g, some);
        System.arraycopy(scratch.inverses, 0, out.inverses, first + g, some);
        System.arraycopy(scratch.bases, 0, out.bases, first + g, some);
      } else {
        SCALAR.find(search, x, from + n * g, weights, at + n * g, some, out, first + g);
      }
    }
  }

  /** Groups side by side, and what is found for them. */
  private static final class Scratch {
    final float[] values;
    final float[] weights;
    final float[] levels;
    final float[] scales = new float[LANES];
    final float[] mins = new float[LANES];
    final float[] inverses = new float[LANES];
    final float[] bases = new float[LANES];

    Scratch(int size) {
      values = new float[size];
      weights = new float[size];
      levels = new float[size];
    }
  }

  private static void weigh(boolean absolute, float[] values, float[] weights) {
    FloatVector mean = FloatVector.zero(FLOATS);
    if (!absolute) {
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        mean = v.mul(v).add(mean);
      }
      mean = mean.div(values.length / LANES).sqrt();
    }
    for (int i = 0; i < values.length; i += LANES) {
      mean.add(FloatVector.fromArray(FLOATS, values, i).abs()).intoArray(weights, i);
    }
  }

  /**
   * False if a group calls for the scalar form.
   *
   * @param tracked whether it is to be known how levels follow; it costs a twentieth, and without
   *     weights from outside next to nobody asks
   */
  private static boolean search(AffineSearch search, Scratch scratch, boolean tracked) {
    float[] values = scratch.values;
    float[] weights = scratch.weights;
    float[] levels = scratch.levels;
    int size = values.length;
    float most = search.levels();
    int highest = Float.floatToRawIntBits(MAGIC + most);
    boolean absolute = search.absolute();
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector min = FloatVector.fromArray(FLOATS, values, 0);
    FloatVector max = min;
    FloatVector sumW = FloatVector.fromArray(FLOATS, weights, 0);
    FloatVector sumX = sumW.mul(min);
    for (int i = LANES; i < size; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
      min = v.blend(min, v.lt(min).not());
      max = v.blend(max, v.compare(VectorOperators.GT, max).not());
      sumW = w.add(sumW);
      sumX = w.mul(v).add(sumX);
    }
    min = min.blend(zero, min.compare(VectorOperators.GT, 0f));
    VectorMask<Float> flat = max.eq(min);
    FloatVector flatMin = min;
    FloatVector range = max.sub(min);
    VectorMask<Float> ordinary =
        range.compare(VectorOperators.GT, NARROWEST).and(range.lt(WIDEST)).or(flat);
    if (!ordinary.allTrue()) {
      return false;
    }

    FloatVector least = range.mul(0x1p-10f);
    FloatVector inverse = FloatVector.broadcast(FLOATS, most).div(range);
    FloatVector scale = FloatVector.broadcast(FLOATS, 1f).div(inverse);
    FloatVector best = zero;
    for (int i = 0; i < size; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
      IntVector rounded = inverse.mul(v.sub(min)).add(MAGIC).reinterpretAsInts();
      FloatVector l = rounded.max(LOWEST).min(highest).reinterpretAsFloats().sub(MAGIC);
      FloatVector difference = scale.mul(l).add(min).sub(v);
      FloatVector loss = absolute ? difference.abs() : difference.mul(difference);
      best = w.mul(loss).add(best);
    }

    // What is asked for last stays in memory: two more registers in the loop would cost a
    // twentieth.
    inverse.intoArray(scratch.inverses, 0);
    min.intoArray(scratch.bases, 0);
    for (int is = 0; is <= search.steps(); is++) {
      // The minimum moves with the best candidate; levels stay small while it keeps off the
      // maximum.
      FloatVector reach = max.sub(min);
      if (!reach.compare(VectorOperators.GT, least).or(flat).allTrue()) {
        return false;
      }
      inverse =
          FloatVector.broadcast(FLOATS, search.first() + search.step() * is + most).div(reach);
      FloatVector sumL = zero;
      FloatVector sumL2 = zero;
      FloatVector sumXl = zero;
      for (int i = 0; i < size; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
        IntVector rounded = inverse.mul(v.sub(min)).add(MAGIC).reinterpretAsInts();
        FloatVector l = rounded.max(LOWEST).min(highest).reinterpretAsFloats().sub(MAGIC);
        l.intoArray(levels, i);
        FloatVector wl = w.mul(l);
        sumL = wl.add(sumL);
        sumL2 = wl.mul(l).add(sumL2);
        sumXl = wl.mul(v).add(sumXl);
      }
      FloatVector determinant = sumW.mul(sumL2).sub(sumL.mul(sumL));
      FloatVector thisScale = sumW.mul(sumXl).sub(sumX.mul(sumL)).div(determinant);
      FloatVector thisMin = sumL2.mul(sumX).sub(sumL.mul(sumXl)).div(determinant);
      VectorMask<Float> positive = thisMin.compare(VectorOperators.GT, 0f);
      thisMin = thisMin.blend(zero, positive);
      thisScale = thisScale.blend(sumXl.div(sumL2), positive);
      FloatVector error = zero;
      for (int i = 0; i < size; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
        FloatVector l = FloatVector.fromArray(FLOATS, levels, i);
        FloatVector difference = thisScale.mul(l).add(thisMin).sub(v);
        FloatVector loss = absolute ? difference.abs() : difference.mul(difference);
        error = w.mul(loss).add(error);
      }
      VectorMask<Float> better = error.lt(best).and(determinant.compare(VectorOperators.GT, 0f));
      VectorMask<Float> worse = better.not();
      best = error.blend(best, worse);
      scale = thisScale.blend(scale, worse);
      if (tracked) {
        FloatVector.fromArray(FLOATS, scratch.inverses, 0)
            .blend(inverse, better)
            .intoArray(scratch.inverses, 0);
        FloatVector.fromArray(FLOATS, scratch.bases, 0)
            .blend(min, better)
            .intoArray(scratch.bases, 0);
      }
      min = thisMin.blend(min, worse);
    }
    scale.blend(zero, flat).intoArray(scratch.scales, 0);
    min.blend(flatMin, flat).neg().intoArray(scratch.mins, 0);
    FloatVector.fromArray(FLOATS, scratch.inverses, 0)
        .blend(zero, flat)
        .intoArray(scratch.inverses, 0);
    FloatVector.fromArray(FLOATS, scratch.bases, 0)
        .blend(flatMin, flat)
        .intoArray(scratch.bases, 0);
    return true;
  }
}
