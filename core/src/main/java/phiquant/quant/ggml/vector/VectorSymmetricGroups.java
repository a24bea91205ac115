package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.SymmetricSearch;

/** {@link SymmetricSearch} with one group in each lane, in the order of the scalar form. */
public final class VectorSymmetricGroups implements SymmetricGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final float MAGIC = 12582912f;

  @Override
  public void find(
      SymmetricSearch search,
      float[] x,
      int from,
      float[] weights,
      int at,
      int groups,
      float[] scales,
      float[] inverses) {
    int n = search.group();
    Scratch scratch = new Scratch(n * LANES);
    for (int g = 0; g < groups; g += LANES) {
      Transposed.groups(x, from + n * g, n, groups - g, scratch.values);
      if (weights != null) {
        Transposed.groups(weights, at + n * g, n, groups - g, scratch.weights);
      }
      search(search.half(), weights == null, scratch);
      int some = Math.min(LANES, groups - g);
      System.arraycopy(scratch.scales, 0, scales, g, some);
      System.arraycopy(scratch.inverses, 0, inverses, g, some);
    }
  }

  /** Groups side by side, how much their errors count, the product of both, and what is found. */
  private static final class Scratch {
    final float[] values;
    final float[] weights;
    final float[] products;
    final float[] scales = new float[LANES];
    final float[] inverses = new float[LANES];

    Scratch(int size) {
      values = new float[size];
      weights = new float[size];
      products = new float[size];
    }
  }

  private static void search(int half, boolean bySquares, Scratch scratch) {
    float[] values = scratch.values;
    float[] weights = scratch.weights;
    float[] products = scratch.products;
    // The bits of the lowest and the highest level while the number that rounds is added.
    int lowest = Float.floatToRawIntBits(MAGIC - half);
    int highest = Float.floatToRawIntBits(MAGIC + half - 1);
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector max = zero;
    FloatVector amax = zero;
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector magnitude = v.abs();
      VectorMask<Float> smaller = magnitude.compare(VectorOperators.GT, amax).not();
      amax = magnitude.blend(amax, smaller);
      max = v.blend(max, smaller);
      FloatVector w = bySquares ? v.mul(v) : FloatVector.fromArray(FLOATS, weights, i);
      if (bySquares) {
        w.intoArray(weights, i);
      }
      w.mul(v).intoArray(products, i);
    }
    FloatVector scale = zero;
    FloatVector best = zero;
    FloatVector bestInverse = zero;
    for (int attempt = -10; attempt <= 9; attempt++) {
      if (attempt == 0) {
        continue;
      }
      boolean plain = attempt == -10;
      float end = plain ? -half : -(half + 0.1f * attempt);
      FloatVector inverse = FloatVector.broadcast(FLOATS, end).div(max);
      FloatVector sumLx = zero;
      FloatVector sumL2 = zero;
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        IntVector rounded = inverse.mul(v).add(MAGIC).reinterpretAsInts();
        FloatVector l = rounded.max(lowest).min(highest).reinterpretAsFloats().sub(MAGIC);
        sumLx = FloatVector.fromArray(FLOATS, products, i).mul(l).add(sumLx);
        sumL2 = FloatVector.fromArray(FLOATS, weights, i).mul(l).mul(l).add(sumL2);
      }
      if (plain) {
        VectorMask<Float> some = sumL2.compare(VectorOperators.NE, 0f);
        scale = zero.blend(sumLx.div(sumL2), some);
        best = scale.mul(sumLx);
        bestInverse = inverse;
      } else {
        VectorMask<Float> better =
            sumL2
                .compare(VectorOperators.GT, 0f)
                .and(sumLx.mul(sumLx).compare(VectorOperators.GT, sumL2.mul(best)));
        FloatVector candidate = sumLx.div(sumL2);
        VectorMask<Float> worse = better.not();
        scale = candidate.blend(scale, worse);
        best = candidate.mul(sumLx).blend(best, worse);
        bestInverse = inverse.blend(bestInverse, worse);
      }
    }
    VectorMask<Float> zeros = amax.lt(SymmetricSearch.EPSILON);
    scale.blend(zero, zeros).intoArray(scratch.scales, 0);
    bestInverse.blend(zero, zeros).intoArray(scratch.inverses, 0);
  }
}
