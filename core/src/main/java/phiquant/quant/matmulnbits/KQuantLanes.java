package phiquant.quant.matmulnbits;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * The search of {@link KQuant} with a block in each lane of a vector. Each lane does what the
 * scalar form does, in its order, so the width of the vector changes nothing; choices become masks.
 * The weights of the blocks are transposed first, so that weight i of all blocks is one vector. One
 * thread's working memory; between methods all state is in arrays, since vectors that cross a call
 * would be allocated.
 */
final class KQuantLanes {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Blocks at once. */
  static final int LANES = SPECIES.length();

  /** Adding and subtracting 1.5 * 2^23 rounds a float below 2^22 to the nearest even integer. */
  private static final float ROUND = 12582912f;

  private final int block;
  private final float top;
  private final float[] x;
  private final float[] weights;
  private final float[] levels;

  /** Sums side by side of one block, see {@link PairwiseSum}. */
  private final int ways;

  /** Four quantities, {@link #ways} sums of each; folded into the first way. */
  private final float[] sums;

  private final float[] min = new float[LANES];
  private final float[] max = new float[LANES];
  private final float[] scale = new float[LANES];
  private final float[] best = new float[LANES];
  private final float[] sumW = new float[LANES];
  private final float[] sumX = new float[LANES];
  private final float[] candidateScale = new float[LANES];
  private final float[] candidateMin = new float[LANES];

  KQuantLanes(int block, int top) {
    this.block = block;
    this.top = top;
    x = new float[block * LANES];
    weights = new float[block * LANES];
    levels = new float[block * LANES];
    ways = PairwiseSum.WAYS * Math.ceilDiv(block, PairwiseSum.RUN);
    sums = new float[3 * ways * LANES];
  }

  /** The scale found for the block in that lane. */
  float scale(int lane) {
    return scale[lane];
  }

  /** The minimum found for the block in that lane. */
  float minimum(int lane) {
    return min[lane];
  }

  /** Searches the grids of {@code some} blocks that begin at {@code source[from]}. */
  void search(float[] source, int from, int some) {
    for (int lane = 0; lane < LANES; lane++) {
      // Lanes beyond the last block repeat it; what they find is not used.
      int start = from + block * Math.min(lane, some - 1);
      for (int i = 0; i < block; i++) {
        x[i * LANES + lane] = source[start + i];
      }
    }
    range();
    weigh();
    assign(top);
    // The grid of the whole range comes first; it is judged as it is.
    System.arraycopy(min, 0, candidateMin, 0, LANES);
    System.arraycopy(scale, 0, candidateScale, 0, LANES);
    judge();
    System.arraycopy(sums, 0, best, 0, LANES);
    for (int step = 0; step < KQuant.STEPS; step++) {
      assign(KQuant.reach(step, (int) top));
      fit();
      judge();
      choose();
    }
  }

  /** Minimum and maximum, and the scale that follows. */
  private void range() {
    FloatVector low = FloatVector.fromArray(SPECIES, x, 0);
    FloatVector high = low;
    for (int i = LANES; i < x.length; i += LANES) {
      FloatVector v = FloatVector.fromArray(SPECIES, x, i);
      low = v.blend(low, v.compare(LT, low).not());
      high = v.blend(high, v.compare(GT, high).not());
    }
    low.intoArray(min, 0);
    high.intoArray(max, 0);
    FloatVector inverse = FloatVector.broadcast(SPECIES, top).div(high.sub(low));
    inverse = inverse.blend(1f, low.eq(high));
    FloatVector.broadcast(SPECIES, 1f).div(inverse).intoArray(scale, 0);
  }

  /** The importance of the weights, its sum and the sum of weights times importance. */
  private void weigh() {
    for (int way = 0; way < ways; way++) {
      FloatVector squares = FloatVector.zero(SPECIES);
      for (int i = begin(way); i < end(way); i += PairwiseSum.WAYS * LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        squares = v.mul(v).add(squares);
      }
      squares.intoArray(sums, way * LANES);
    }
    fold(0);
    FloatVector mean = FloatVector.fromArray(SPECIES, sums, 0).div(block).sqrt();
    for (int way = 0; way < ways; way++) {
      FloatVector w = FloatVector.zero(SPECIES);
      FloatVector wx = FloatVector.zero(SPECIES);
      for (int i = begin(way); i < end(way); i += PairwiseSum.WAYS * LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        FloatVector weight = mean.add(v.abs());
        weight.intoArray(weights, i);
        w = weight.add(w);
        wx = weight.mul(v).add(wx);
      }
      w.intoArray(sums, way * LANES);
      wx.intoArray(sums, (ways + way) * LANES);
    }
    fold(0);
    fold(1);
    System.arraycopy(sums, 0, sumW, 0, LANES);
    System.arraycopy(sums, ways * LANES, sumX, 0, LANES);
  }

  /** Levels of a grid that begins at the minimum, and their weighted sums. */
  private void assign(float reach) {
    FloatVector low = FloatVector.fromArray(SPECIES, min, 0);
    FloatVector high = FloatVector.fromArray(SPECIES, max, 0);
    FloatVector inverse = FloatVector.broadcast(SPECIES, reach).div(high.sub(low));
    inverse = inverse.blend(1f, low.eq(high));
    for (int way = 0; way < ways; way++) {
      FloatVector sumL = FloatVector.zero(SPECIES);
      FloatVector sumL2 = FloatVector.zero(SPECIES);
      FloatVector sumXl = FloatVector.zero(SPECIES);
      for (int i = begin(way); i < end(way); i += PairwiseSum.WAYS * LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        FloatVector level = inverse.mul(v.sub(low)).add(ROUND).sub(ROUND);
        level = level.blend(0f, level.compare(LT, 0f));
        level = level.blend(top, level.compare(GT, top));
        level.intoArray(levels, i);
        FloatVector weighted = FloatVector.fromArray(SPECIES, weights, i).mul(level);
        sumL = weighted.add(sumL);
        sumL2 = weighted.mul(level).add(sumL2);
        sumXl = weighted.mul(v).add(sumXl);
      }
      sumL.intoArray(sums, way * LANES);
      sumL2.intoArray(sums, (ways + way) * LANES);
      sumXl.intoArray(sums, (2 * ways + way) * LANES);
    }
    fold(0);
    fold(1);
    fold(2);
  }

  /** The scale and minimum of least squares for the levels. */
  private void fit() {
    FloatVector w = FloatVector.fromArray(SPECIES, sumW, 0);
    FloatVector wx = FloatVector.fromArray(SPECIES, sumX, 0);
    FloatVector sumL = FloatVector.fromArray(SPECIES, sums, 0);
    FloatVector sumL2 = FloatVector.fromArray(SPECIES, sums, ways * LANES);
    FloatVector sumXl = FloatVector.fromArray(SPECIES, sums, 2 * ways * LANES);
    FloatVector determinant = w.mul(sumL2).sub(sumL.mul(sumL));
    w.mul(sumXl).sub(wx.mul(sumL)).div(determinant).intoArray(candidateScale, 0);
    sumL2.mul(wx).sub(sumL.mul(sumXl)).div(determinant).intoArray(candidateMin, 0);
  }

  /** The weighted error of the candidate, left in the first sums. */
  private void judge() {
    FloatVector step = FloatVector.fromArray(SPECIES, candidateScale, 0);
    FloatVector low = FloatVector.fromArray(SPECIES, candidateMin, 0);
    for (int way = 0; way < ways; way++) {
      FloatVector error = FloatVector.zero(SPECIES);
      for (int i = begin(way); i < end(way); i += PairwiseSum.WAYS * LANES) {
        FloatVector v = FloatVector.fromArray(SPECIES, x, i);
        FloatVector difference =
            step.mul(FloatVector.fromArray(SPECIES, levels, i)).add(low).sub(v);
        FloatVector square = difference.mul(difference);
        error = FloatVector.fromArray(SPECIES, weights, i).mul(square).add(error);
      }
      error.intoArray(sums, way * LANES);
    }
    fold(0);
  }

  /** Keeps the candidate where it is better. */
  private void choose() {
    FloatVector error = FloatVector.fromArray(SPECIES, sums, 0);
    FloatVector least = FloatVector.fromArray(SPECIES, best, 0);
    VectorMask<Float> better = error.lt(least);
    error.intoArray(best, 0, better);
    FloatVector.fromArray(SPECIES, candidateScale, 0).intoArray(scale, 0, better);
    FloatVector.fromArray(SPECIES, candidateMin, 0).intoArray(min, 0, better);
  }

  /** Where in {@link #x} the first weight lies that goes into that sum. */
  private static int begin(int way) {
    return (way / PairwiseSum.WAYS * PairwiseSum.RUN + way % PairwiseSum.WAYS) * LANES;
  }

  /** Where in {@link #x} the run of that sum ends. */
  private int end(int way) {
    return Math.min(block, (way / PairwiseSum.WAYS + 1) * PairwiseSum.RUN) * LANES;
  }

  /** Adds up the sums of a quantity as {@link PairwiseSum} does; the result is in the first. */
  private void fold(int quantity) {
    int at = quantity * ways * LANES;
    for (int distance = 1; distance < ways; distance *= 2) {
      for (int way = 0; way < ways; way += 2 * distance) {
        int one = at + way * LANES;
        FloatVector.fromArray(SPECIES, sums, one)
            .add(FloatVector.fromArray(SPECIES, sums, one + distance * LANES))
            .intoArray(sums, one);
      }
    }
  }
}
