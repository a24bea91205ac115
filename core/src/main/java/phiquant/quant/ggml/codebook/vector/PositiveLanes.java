package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link phiquant.quant.ggml.PositiveSearch} with a group in each lane, in its order. */
final class PositiveLanes {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final float MAGIC = 12582912f;
  private static final float EPSILON = 1e-15f;

  /** The levels of all groups. */
  private final float[] levels;

  private final float[] sumLx = new float[LANES];
  private final float[] sumL2 = new float[LANES];

  PositiveLanes(int group) {
    levels = new float[group * LANES];
  }

  /**
   * The scales of groups.
   *
   * @param values weight i of all groups at i times lanes
   * @param scales receives them, 0 where a group is zeros
   */
  void find(int top, float[] values, float[] weights, float[] scales) {
    FloatVector max = FloatVector.zero(FLOATS);
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      max = v.blend(max, v.compare(VectorOperators.LT, max));
    }
    FloatVector inverse = bestInverse(top, max, values, weights);
    FloatVector lx = FloatVector.zero(FLOATS);
    FloatVector l2 = FloatVector.zero(FLOATS);
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
      IntVector bits = v.mul(inverse).add(MAGIC).reinterpretAsInts();
      IntVector level = bits.and(0x007fffff).sub(0x00400000).min(top);
      FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
      lx = w.mul(v).mul(l).add(lx);
      l2 = w.mul(l).mul(l).add(l2);
      ((FloatVector) level.and(255).convert(VectorOperators.I2F, 0)).intoArray(levels, i);
    }
    lx.intoArray(sumLx, 0);
    l2.intoArray(sumL2, 0);
    for (int round = 0; round < 5 && descend(top, values, weights); round++) {}
    FloatVector sum = FloatVector.fromArray(FLOATS, sumL2, 0);
    FloatVector zero = FloatVector.zero(FLOATS);
    VectorMask<Float> found =
        sum.compare(VectorOperators.GT, 0f).andNot(max.compare(VectorOperators.LT, EPSILON));
    zero.blend(FloatVector.fromArray(FLOATS, sumLx, 0).div(sum), found).intoArray(scales, 0);
  }

  private static FloatVector bestInverse(
      int top, FloatVector max, float[] values, float[] weights) {
    FloatVector plain = FloatVector.broadcast(FLOATS, top).div(max);
    FloatVector scale = FloatVector.broadcast(FLOATS, 1f).div(plain);
    FloatVector best = FloatVector.zero(FLOATS);
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      IntVector bits = plain.mul(v).add(MAGIC).reinterpretAsInts();
      IntVector level = bits.and(0x007fffff).sub(0x00400000).and(255);
      FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
      FloatVector difference = v.sub(scale.mul(l));
      FloatVector loss = FloatVector.fromArray(FLOATS, weights, i).mul(difference).mul(difference);
      best = loss.add(best);
    }
    FloatVector found = plain;
    for (int attempt = -4; attempt <= 4; attempt++) {
      if (attempt == 0) {
        continue;
      }
      FloatVector inverse = FloatVector.broadcast(FLOATS, 0.1f * attempt + top).div(max);
      scale = FloatVector.broadcast(FLOATS, 1f).div(inverse);
      FloatVector error = FloatVector.zero(FLOATS);
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        IntVector bits = inverse.mul(v).add(MAGIC).reinterpretAsInts();
        IntVector level = bits.and(0x007fffff).sub(0x00400000).min(top);
        FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
        FloatVector difference = v.sub(scale.mul(l));
        FloatVector loss =
            FloatVector.fromArray(FLOATS, weights, i).mul(difference).mul(difference);
        error = loss.add(error);
      }
      VectorMask<Float> better = error.compare(VectorOperators.LT, best);
      best = error.blend(best, better.not());
      found = inverse.blend(found, better.not());
    }
    return found;
  }

  /** Moves levels where that lowers the error; whether any moved. A group that is done stays so. */
  private boolean descend(int top, float[] values, float[] weights) {
    FloatVector lx = FloatVector.fromArray(FLOATS, sumLx, 0);
    FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, 0);
    boolean changed = false;
    for (int i = 0; i < values.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, values, i);
      FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
      FloatVector old = FloatVector.fromArray(FLOATS, levels, i);
      // Says what it is; the package of numbers tells why.
      lx = (FloatVector) FLOATS.vectorType().cast(lx);
      l2 = (FloatVector) FLOATS.vectorType().cast(l2);
      FloatVector slx = lx.sub(w.mul(v).mul(old));
      FloatVector sl2 = l2.sub(w.mul(old).mul(old));
      IntVector bits = v.mul(sl2).div(slx).add(MAGIC).reinterpretAsInts();
      IntVector level = bits.and(0x007fffff).sub(0x00400000).min(top);
      FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
      VectorMask<Float> moves =
          slx.compare(VectorOperators.GT, 0f)
              .and(sl2.compare(VectorOperators.GT, 0f))
              .and(l.compare(VectorOperators.NE, old));
      FloatVector nowLx = slx.add(w.mul(v).mul(l));
      FloatVector nowL2 = sl2.add(w.mul(l).mul(l));
      VectorMask<Float> better =
          moves.and(nowLx.mul(nowLx).mul(l2).compare(VectorOperators.GT, lx.mul(lx).mul(nowL2)));
      if (better.anyTrue()) {
        changed = true;
        FloatVector stored = (FloatVector) level.and(255).convert(VectorOperators.I2F, 0);
        old.blend(stored, better).intoArray(levels, i);
        lx = lx.blend(nowLx, better);
        l2 = l2.blend(nowL2, better);
      }
    }
    lx.intoArray(sumLx, 0);
    l2.intoArray(sumL2, 0);
    return changed;
  }
}
