package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;

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
      AffineSearch search, float[] x, int from, int groups, float[] scales, float[] mins) {
    int n = search.group();
    float[] values = new float[n * LANES];
    float[] weights = new float[n * LANES];
    float[] levels = new float[n * LANES];
    float[] foundScales = new float[LANES];
    float[] foundMins = new float[LANES];
    for (int g = 0; g < groups; g += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        // Lanes beyond the last group repeat it; what they find is not used.
        int group = from + n * Math.min(g + lane, groups - 1);
        for (int i = 0; i < n; i++) {
          values[i * LANES + lane] = x[group + i];
        }
      }
      weigh(search.absolute(), values, weights);
      int some = Math.min(LANES, groups - g);
      if (!search(search, values, weights, levels, foundScales, foundMins)) {
        SCALAR.find(search, x, from + n * g, some, foundScales, foundMins);
      }
      System.arraycopy(foundScales, 0, scales, g, some);
      System.arraycopy(foundMins, 0, mins, g, some);
    }
  }

  private static void weigh(boolean absolute, float[] values, float[] weights) {
    FloatVector mean = FloatVector.zero(FLOATS);
    if (!absolute) {
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        mean = mean.add(v.mul(v));
      }
      mean = mean.div(values.length / LANES).sqrt();
    }
    for (int i = 0; i < values.length; i += LANES) {
      mean.add(FloatVector.fromArray(FLOATS, values, i).abs()).intoArray(weights, i);
    }
  }

  /** False if a group calls for the scalar form. */
  private static boolean search(
      AffineSearch search,
      float[] values,
      float[] weights,
      float[] levels,
      float[] foundScales,
      float[] foundMins) {
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
      min = min.blend(v, v.lt(min));
      max = max.blend(v, v.compare(VectorOperators.GT, max));
      sumW = sumW.add(w);
      sumX = sumX.add(w.mul(v));
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
      best = best.add(w.mul(loss));
    }

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
        sumL = sumL.add(wl);
        sumL2 = sumL2.add(wl.mul(l));
        sumXl = sumXl.add(wl.mul(v));
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
        error = error.add(w.mul(loss));
      }
      VectorMask<Float> better = error.lt(best).and(determinant.compare(VectorOperators.GT, 0f));
      best = best.blend(error, better);
      scale = scale.blend(thisScale, better);
      min = min.blend(thisMin, better);
    }
    scale.blend(zero, flat).intoArray(foundScales, 0);
    min.blend(flatMin, flat).neg().intoArray(foundMins, 0);
    return true;
  }
}
