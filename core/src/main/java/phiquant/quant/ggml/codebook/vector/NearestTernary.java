package phiquant.quant.ggml.codebook.vector;

import phiquant.quant.ggml.codebook.Codebook;
import phiquant.quant.ggml.codebook.Contenders;
import phiquant.quant.ggml.codebook.Neighbours;
import phiquant.quant.ggml.codebook.TernarySearch;

/**
 * The nearest points of IQ1 with a neighbour in each lane, whose errors are the scalar form's.
 * Where every weight has the level that is nearest to it, only {@link Contenders} are looked at, a
 * fifth of the neighbours; the search of splits gives others, as two halves with different shifts
 * share its boundaries.
 */
final class NearestTernary implements TernarySearch.Nearest {
  /** Less than half the distance of two levels, by more than rounding tells. */
  private static final float CLEAR = 0.4999f;

  private static final Contenders LISTS = Contenders.of(Codebook.IQ1);
  private static final short[] POINTS = Neighbours.of(Codebook.IQ1).points();
  private static final int[] CODES = codes();

  private final PointErrors errors = new PointErrors();
  private final float[] fourLevels = new float[16];
  private final float[] fourX = new float[32];
  private final float[] fourWeights = new float[32];

  /** The codes of neighbours, as {@link Contenders#codes} has them; room for lanes behind. */
  private static int[] codes() {
    int[] codes = new int[POINTS.length + Contenders.BLOCK];
    for (int j = 0; j < POINTS.length; j++) {
      // Among points stand the lengths of lists, which no one takes for one.
      codes[j] = POINTS[j] < Codebook.IQ1.size() ? Contenders.code(LISTS.points()[POINTS[j]]) : 0;
    }
    return codes;
  }

  @Override
  public int find(
      int number,
      int[] levels,
      int first,
      float[] x,
      int from,
      float[] weights,
      int at,
      float scale,
      float[] v) {
    for (int i = 0; i < 32; i++) {
      fourX[i] = x[from + i / 4];
      fourWeights[i] = weights[at + i / 4];
    }
    for (int i = 0; i < 16; i++) {
      fourLevels[i] = v[Math.min(2, i % 4)];
    }
    errors.begin(fourX, fourWeights, 0, fourLevels, scale);
    if (areNearest(levels, first, x, from, scale, v)) {
      int word = LISTS.words()[number];
      return LISTS.entries()[errors.nearest(LISTS.codes(), word >>> 8, word >> 1 & 127)] >>> 16;
    }
    int begin = ~Neighbours.of(Codebook.IQ1).places()[number];
    return POINTS[errors.nearest(CODES, begin + 1, POINTS[begin])];
  }

  /** Whether no other level is as near to any weight. */
  private static boolean areNearest(
      int[] levels, int first, float[] x, int from, float scale, float[] v) {
    boolean all = true;
    for (int i = 0; i < 8; i++) {
      int level = levels[first + i];
      float difference = scale * v[level] - x[from + i];
      boolean near = Math.abs(difference) <= CLEAR * scale;
      all &= near || level == 0 && difference > 0 || level == 2 && difference < 0;
    }
    return all;
  }
}
