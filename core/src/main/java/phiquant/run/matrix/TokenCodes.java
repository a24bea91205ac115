package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The rounded features of {@link Panels} as the integers that they are, {@code x = code · step},
 * for products in integers. Two tokens share an int, which lets one vector of shorts hold a feature
 * of a whole panel, and gives the two back as vectors of ints by shifts alone.
 */
public final class TokenCodes {
  /** Columns that share a step here; engines' blocks are multiples of it. */
  public static final int BLOCK = 32;

  /** {@code [panel][feature][COUNT]}: token i of the panel in the low half, i + COUNT above it. */
  public final int[][] codes;

  /** {@code [panel][block][WIDTH]}. */
  public final float[][] steps;

  /** {@code [panel][block][WIDTH]}: the sums of the block's features. */
  public final float[][] sums;

  TokenCodes(int features, int panels) {
    int blocks = features / BLOCK;
    codes = new int[panels][features * COUNT];
    steps = new float[panels][blocks * Panels.WIDTH];
    sums = new float[panels][blocks * Panels.WIDTH];
  }

  /** Takes a panel in whose features have been rounded; its steps have been written. */
  void take(int p, float[] panel) {
    int[] to = codes[p];
    for (int block = 0; block < steps[p].length / Panels.WIDTH; block++) {
      take(panel, block, steps[p], sums[p], to);
    }
  }

  /** Adding {@link Levels#ROUND} leaves an integer in the lowest bits of a float. */
  private static void take(float[] x, int block, float[] steps, float[] sums, int[] to) {
    int at = block * Panels.WIDTH;
    FloatVector step0 = FloatVector.fromArray(FLOATS, steps, at);
    FloatVector step1 = FloatVector.fromArray(FLOATS, steps, at + COUNT);
    // The smallest float keeps 0 / 0 away; no step of numbers other than zero is as small.
    FloatVector inverse0 = FloatVector.broadcast(FLOATS, 1).div(step0.max(Float.MIN_NORMAL));
    FloatVector inverse1 = FloatVector.broadcast(FLOATS, 1).div(step1.max(Float.MIN_NORMAL));
    FloatVector sum0 = FloatVector.zero(FLOATS);
    FloatVector sum1 = FloatVector.zero(FLOATS);
    for (int k = block * BLOCK; k < (block + 1) * BLOCK; k++) {
      FloatVector x0 = FloatVector.fromArray(FLOATS, x, k * Panels.WIDTH);
      FloatVector x1 = FloatVector.fromArray(FLOATS, x, k * Panels.WIDTH + COUNT);
      sum0 = x0.add(sum0);
      sum1 = x1.add(sum1);
      IntVector low = x0.mul(inverse0).add(Levels.ROUND).reinterpretAsInts().and(0xffff);
      IntVector high =
          x1.mul(inverse1).add(Levels.ROUND).reinterpretAsInts().lanewise(VectorOperators.LSHL, 16);
      low.or(high).intoArray(to, k * COUNT);
    }
    sum0.intoArray(sums, at);
    sum1.intoArray(sums, at + COUNT);
  }
}
