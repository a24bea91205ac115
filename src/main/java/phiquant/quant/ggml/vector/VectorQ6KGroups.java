package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.SymmetricGroups;

/** The scales of Q6_K's groups of 16, one group in each lane, in the order of the scalar form. */
public final class VectorQ6KGroups implements SymmetricGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int GROUP = 16;
  private static final float MAGIC = 12582912f;
  private static final float EPSILON = 1e-15f;

  /** The bits of the lowest and the highest level while the number that rounds is added. */
  private static final int LOWEST = Float.floatToRawIntBits(MAGIC - 32);

  private static final int HIGHEST = Float.floatToRawIntBits(MAGIC + 31);

  @Override
  public void find(float[] x, int from, int groups, float[] scales) {
    float[] values = new float[GROUP * LANES];
    float[] squares = new float[GROUP * LANES];
    float[] products = new float[GROUP * LANES];
    float[] found = new float[LANES];
    for (int g = 0; g < groups; g += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        int group = from + GROUP * Math.min(g + lane, groups - 1);
        for (int i = 0; i < GROUP; i++) {
          values[i * LANES + lane] = x[group + i];
        }
      }
      search(values, squares, products, found);
      System.arraycopy(found, 0, scales, g, Math.min(LANES, groups - g));
    }
  }

  /** Scratch: {@code squares} for the importance w = x², {@code products} for w · x. */
  private static void search(float[] values, float[] squares, float[] products, float[] found) {
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector max = zero;
    FloatVector amax = zero;
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector magnitude = v.abs();
      VectorMask<Float> larger = amax.lt(magnitude);
      amax = amax.blend(magnitude, larger);
      max = max.blend(v, larger);
      FloatVector square = v.mul(v);
      square.intoArray(squares, i);
      square.mul(v).intoArray(products, i);
    }
    FloatVector scale = zero;
    FloatVector best = zero;
    for (int attempt = -10; attempt <= 9; attempt++) {
      if (attempt == 0) {
        continue;
      }
      boolean plain = attempt == -10;
      float lowest = plain ? -32f : -(32 + 0.1f * attempt);
      FloatVector inverse = FloatVector.broadcast(FLOATS, lowest).div(max);
      FloatVector sumLx = zero;
      FloatVector sumL2 = zero;
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        IntVector rounded = inverse.mul(v).add(MAGIC).reinterpretAsInts();
        FloatVector l = rounded.max(LOWEST).min(HIGHEST).reinterpretAsFloats().sub(MAGIC);
        sumLx = sumLx.add(FloatVector.fromArray(FLOATS, products, i).mul(l));
        sumL2 = sumL2.add(FloatVector.fromArray(FLOATS, squares, i).mul(l).mul(l));
      }
      if (plain) {
        VectorMask<Float> some = sumL2.compare(VectorOperators.NE, 0f);
        scale = zero.blend(sumLx.div(sumL2), some);
        best = scale.mul(sumLx);
      } else {
        VectorMask<Float> better =
            sumL2
                .compare(VectorOperators.GT, 0f)
                .and(sumLx.mul(sumLx).compare(VectorOperators.GT, best.mul(sumL2)));
        FloatVector candidate = sumLx.div(sumL2);
        scale = scale.blend(candidate, better);
        best = best.blend(candidate.mul(sumLx), better);
      }
    }
    scale.blend(zero, amax.lt(EPSILON)).intoArray(found, 0);
  }
}
