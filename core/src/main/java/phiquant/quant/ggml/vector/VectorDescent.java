package phiquant.quant.ggml.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.ScaleGroups;

/**
 * {@code Descent} for Q3_K's groups of 16, one group in each lane, in the order of the scalar form.
 * Each step of the descent waits for the one before, so four vectors of groups go side by side.
 * Rounds that a group does not need any more change nothing in it.
 */
public final class VectorDescent implements ScaleGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int GROUP = 16;

  /** Groups that go side by side. */
  private static final int SIDE = 4 * LANES;

  private static final float MAGIC = 12582912f;
  private static final float EPSILON = 1e-15f;

  @Override
  public void find(float[] x, int from, float[] weights, int at, int groups, float[] scales) {
    float[] values = new float[GROUP * SIDE];
    float[] levels = new float[GROUP * SIDE];
    float[] sumsLx = new float[SIDE];
    float[] sumsL2 = new float[SIDE];
    for (int g = 0; g < groups; g += SIDE) {
      for (int lane = 0; lane < SIDE; lane++) {
        // Lanes beyond the last group repeat it; what they find is not used.
        int group = from + GROUP * Math.min(g + lane, groups - 1);
        for (int i = 0; i < GROUP; i++) {
          values[i * SIDE + lane] = x[group + i];
        }
      }
      begin(values, levels, sumsLx, sumsL2);
      for (int round = 0; round < 5; round++) {
        if (!descend(values, levels, sumsLx, sumsL2)) {
          break;
        }
      }
      for (int i = 0; i < Math.min(SIDE, groups - g); i++) {
        scales[g + i] = sumsL2[i] > 0 ? sumsLx[i] / sumsL2[i] : 0;
      }
    }
  }

  /** The plain grid's levels and sums; groups of zeros have sums of zero. */
  private static void begin(float[] values, float[] levels, float[] sumsLx, float[] sumsL2) {
    FloatVector zero = FloatVector.zero(FLOATS);
    for (int side = 0; side < SIDE; side += LANES) {
      FloatVector max = zero;
      FloatVector amax = zero;
      for (int i = side; i < values.length; i += SIDE) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        FloatVector magnitude = v.abs();
        VectorMask<Float> smaller = magnitude.compare(VectorOperators.GT, amax).not();
        amax = magnitude.blend(amax, smaller);
        max = v.blend(max, smaller);
      }
      FloatVector inverse = FloatVector.broadcast(FLOATS, -4f).div(max);
      FloatVector sumLx = zero;
      FloatVector sumL2 = zero;
      for (int i = side; i < values.length; i += SIDE) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, i);
        IntVector rounded = inverse.mul(v).add(MAGIC).reinterpretAsInts();
        IntVector level = rounded.and(0x007fffff).sub(0x00400000).max(-4).min(3);
        FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
        l.intoArray(levels, i);
        FloatVector w = v.mul(v);
        sumLx = w.mul(v).mul(l).add(sumLx);
        sumL2 = w.mul(l).mul(l).add(sumL2);
      }
      VectorMask<Float> tiny = amax.lt(EPSILON);
      sumLx.blend(zero, tiny).intoArray(sumsLx, side);
      sumL2.blend(zero, tiny).intoArray(sumsL2, side);
    }
  }

  /** Moves each weight's level once where that lowers the error; whether one has moved. */
  private static boolean descend(float[] values, float[] levels, float[] sumsLx, float[] sumsL2) {
    boolean changed = false;
    for (int row = 0; row < values.length; row += SIDE) {
      for (int side = 0; side < SIDE; side += LANES) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, row + side);
        FloatVector old = FloatVector.fromArray(FLOATS, levels, row + side);
        FloatVector sumLx = FloatVector.fromArray(FLOATS, sumsLx, side);
        FloatVector sumL2 = FloatVector.fromArray(FLOATS, sumsL2, side);
        FloatVector w = v.mul(v);
        FloatVector wx = w.mul(v);
        FloatVector slx = sumLx.sub(wx.mul(old));
        FloatVector sl2 = sumL2.sub(w.mul(old).mul(old));
        IntVector rounded = v.mul(sl2).div(slx).add(MAGIC).reinterpretAsInts();
        IntVector level = rounded.and(0x007fffff).sub(0x00400000).max(-4).min(3);
        FloatVector l = (FloatVector) level.convert(VectorOperators.I2F, 0);
        VectorMask<Float> moves =
            slx.compare(VectorOperators.GT, 0f).and(l.compare(VectorOperators.NE, old));
        slx = slx.add(wx.mul(l));
        sl2 = sl2.add(w.mul(l).mul(l));
        FloatVector now = slx.mul(slx).mul(sumL2);
        VectorMask<Float> better =
            moves
                .and(sl2.compare(VectorOperators.GT, 0f))
                .and(now.compare(VectorOperators.GT, sumLx.mul(sumLx).mul(sl2)));
        old.blend(l, better).intoArray(levels, row + side);
        sumLx.blend(slx, better).intoArray(sumsLx, side);
        sumL2.blend(sl2, better).intoArray(sumsL2, side);
        changed |= better.anyTrue();
      }
    }
    return changed;
  }
}
