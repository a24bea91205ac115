package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.NonLinear;
import phiquant.quant.ggml.ScaleGroups;

/**
 * The scales of IQ4's groups of 32, one group in each lane. The nearest of the sixteen levels is
 * found by comparing with the fifteen middles between neighbours: the scalar form takes the upper
 * level from the middle on.
 */
public final class VectorNonLinearGroups implements ScaleGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int GROUP = 32;
  private static final int TRIES = 7;
  private static final float EPSILON = 1e-15f;

  @Override
  public void find(float[] x, int from, float[] weights, int at, int groups, float[] scales) {
    float[] values = new float[GROUP * LANES];
    float[] importance = new float[GROUP * LANES];
    float[] found = new float[LANES];
    for (int g = 0; g < groups; g += LANES) {
      Transposed.groups(x, from + GROUP * g, GROUP, groups - g, values);
      if (weights == null) {
        square(values, importance);
      } else {
        Transposed.groups(weights, at + GROUP * g, GROUP, groups - g, importance);
      }
      search(values, importance, found);
      System.arraycopy(found, 0, scales, g, Math.min(LANES, groups - g));
    }
  }

  private static void square(float[] values, float[] squares) {
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      v.mul(v).intoArray(squares, i);
    }
  }

  private static void search(float[] values, float[] weights, float[] found) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector max = zero;
    FloatVector amax = zero;
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector magnitude = v.abs();
      VectorMask<Float> smaller = magnitude.compare(VectorOperators.GT, amax).not();
      amax = magnitude.blend(amax, smaller);
      max = v.blend(max, smaller);
    }
    FloatVector one = FloatVector.broadcast(FLOATS, 1f);
    FloatVector scale = zero;
    FloatVector best = zero;
    for (int attempt = -TRIES - 1; attempt <= TRIES; attempt++) {
      boolean plain = attempt < -TRIES;
      FloatVector inverse =
          plain
              ? one.div(max.neg().div(NonLinear.VALUES[0]))
              : FloatVector.broadcast(FLOATS, attempt + NonLinear.VALUES[0]).div(max);
      FloatVector sumQx = zero;
      FloatVector sumQ2 = zero;
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        FloatVector scaled = inverse.mul(v);
        FloatVector q = FloatVector.broadcast(FLOATS, NonLinear.VALUES[0]);
        for (int level = 1; level < 16; level++) {
          float middle = (NonLinear.VALUES[level - 1] + NonLinear.VALUES[level]) / 2f;
          // Says what it is; the package of numbers tells why.
          q = (FloatVector) FLOATS.vectorType().cast(q);
          q = q.blend(NonLinear.VALUES[level], scaled.compare(VectorOperators.GE, middle));
        }
        FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
        FloatVector wq = w.mul(q);
        sumQx = wq.mul(v).add(sumQx);
        sumQ2 = wq.mul(q).add(sumQ2);
      }
      FloatVector candidate = sumQx.div(sumQ2);
      VectorMask<Float> some = sumQ2.compare(VectorOperators.GT, 0f);
      if (plain) {
        scale = zero.blend(candidate, some);
        best = scale.mul(sumQx);
      } else {
        VectorMask<Float> better =
            some.and(sumQx.mul(sumQx).compare(VectorOperators.GT, sumQ2.mul(best)));
        VectorMask<Float> worse = better.not();
        scale = candidate.blend(scale, worse);
        best = candidate.mul(sumQx).blend(best, worse);
      }
    }
    scale.blend(zero, amax.lt(EPSILON)).intoArray(found, 0);
  }
}
