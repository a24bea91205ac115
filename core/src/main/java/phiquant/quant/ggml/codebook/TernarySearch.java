package phiquant.quant.ggml.codebook;

/**
 * The search of IQ1 for scale, points and shifts of a group. With three levels -1, 0 and 1, all
 * shifted up or down by an eighth, the best split of the sorted weights is found by trying all
 * pairs of boundaries; sums up to each boundary make a try cheap. Then combinations of levels that
 * are no points of the codebook move to the nearest one. Source: {@code quantize_row_iq1_s_impl}
 * and {@code quantize_row_iq1_m_impl} of ggml-quants.c.
 */
public final class TernarySearch {
  public static final float DELTA = 0.125f;

  /** The levels, shifted up. */
  static final float[] UP = {-1 + DELTA, DELTA, 1 + DELTA};

  /** The levels, shifted down. */
  static final float[] DOWN = {-1 - DELTA, -DELTA, 1 - DELTA};

  private static final Codebook BOOK = Codebook.IQ1;

  private final int group;
  private final float smallest;

  private final Nearest nearest;

  /** The weights by size. */
  private final int[] order;

  /** How many weights of the group are smaller than each, or equal and before it. */
  public final int[] ranks;

  private final int[] levels;

  /** Shifts of each eight weights of the group that was searched last. */
  public final boolean[] down;

  /** Points of each eight weights. */
  public final int[] points;

  private final float[][] sumX;
  private final float[][] sumW;

  /**
   * A search, for one thread.
   *
   * @param group 32 weights that share a shift, or 16 of which each eight have theirs
   * @param smallest groups whose largest weight is below are zeros
   * @param nearest finds points
   */
  public TernarySearch(int group, float smallest, Nearest nearest) {
    this.group = group;
    this.smallest = smallest;
    this.nearest = nearest;
    this.order = new int[group];
    this.ranks = new int[group];
    this.levels = new int[group];
    this.down = new boolean[group / 8];
    this.points = new int[group / 8];
    this.sumX = new float[2][group + 1];
    this.sumW = new float[2][group + 1];
  }

  /** Finds the point of smallest error for eight weights whose levels are none. */
  public interface Nearest {
    /**
     * The first of equals among the {@link Neighbours}.
     *
     * @param number of the combination of levels
     * @param levels of the weights, from index {@code first}
     * @param v what the levels stand for
     */
    int find(
        int number,
        int[] levels,
        int first,
        float[] x,
        int from,
        float[] weights,
        int at,
        float scale,
        float[] v);
  }

  /** A split of the sorted weights: where zeros begin, where ones do, shifts, and the scale. */
  private record Split(int first, int second, boolean down0, boolean down1, float scale) {}

  /**
   * Searches one group; {@link #points} and {@link #down} are its results too.
   *
   * @param weights how much errors count, from index {@code at}
   * @return the scale, not negative; 0 for a group of zeros
   */
  public float find(float[] x, int from, float[] weights, int at) {
    begin(x, from, weights, at);
    Split split = group == 32 ? together() : apart();
    return finish(
        x,
        from,
        weights,
        at,
        split == null ? -1 : split.first(),
        split == null ? -1 : split.second(),
        split != null && split.down0(),
        split != null && split.down1(),
        split == null ? 0 : split.scale());
  }

  /**
   * Sorts a group's weights and adds up what the smallest are, times how much their errors count,
   * and what their errors count together, in each half; groups of 32 have all in the first. All
   * sums of a group of zeros are 0, so that nothing is found.
   */
  private void begin(float[] x, int from, float[] weights, int at) {
    float max = Math.abs(x[from]);
    for (int i = 1; i < group; i++) {
      float magnitude = Math.abs(x[from + i]);
      max = max > magnitude ? max : magnitude;
    }
    boolean zeros = max < smallest;
    if (!zeros) {
      sort(x, from);
    }
    for (int j = 0; j < group; j++) {
      int i = order[j];
      int half = group == 32 || i < group / 2 ? 0 : 1;
      sumX[half][j + 1] = zeros ? 0 : sumX[half][j] + weights[at + i] * x[from + i];
      sumX[1 - half][j + 1] = zeros ? 0 : sumX[1 - half][j];
      sumW[half][j + 1] = zeros ? 0 : sumW[half][j] + weights[at + i];
      sumW[1 - half][j + 1] = zeros ? 0 : sumW[1 - half][j];
    }
  }

  /**
   * Assigns points by a split.
   *
   * @param first where zeros begin in the sorted weights, negative if nothing was found
   * @param second where ones do
   * @param down0 whether the levels of the first half, or of all, are shifted down
   * @param scale of either sign
   * @return the scale, not negative
   */
  public float finish(
      float[] x,
      int from,
      float[] weights,
      int at,
      int first,
      int second,
      boolean down0,
      boolean down1,
      float scale) {
    java.util.Arrays.fill(points, 0);
    java.util.Arrays.fill(down, false);
    if (first < 0) {
      return 0;
    }
    boolean turn = scale < 0;
    for (int i = 0; i < group; i++) {
      int level = ranks[i] < first ? 0 : ranks[i] < second ? 1 : 2;
      levels[i] = turn ? 2 - level : level;
    }
    for (int k = 0; k < group / 8; k++) {
      down[k] = (group == 16 && k == 1 ? down1 : down0) != turn;
    }
    return assign(x, from, weights, at, turn ? -scale : scale);
  }

  /** By insertion, so that equal weights keep their order, as glibc's qsort keeps it. */
  private void sort(float[] x, int from) {
    for (int j = 0; j < group; j++) {
      int place = j;
      while (place > 0 && x[from + order[place - 1]] > x[from + j]) {
        order[place] = order[place - 1];
        place--;
      }
      order[place] = j;
    }
    for (int j = 0; j < group; j++) {
      ranks[order[j]] = j;
    }
  }

  /** One shift for all. */
  private Split together() {
    float[] sx = sumX[0];
    float[] sw = sumW[0];
    float best = -Float.MAX_VALUE;
    Split found = null;
    for (int i1 = 0; i1 <= group; i1++) {
      for (int i2 = i1; i2 <= group; i2++) {
        for (int shift = 0; shift < 2; shift++) {
          float[] v = shift == 0 ? UP : DOWN;
          float sumQx =
              (sx[i1] - sx[0]) * v[0] + (sx[i2] - sx[i1]) * v[1] + (sx[group] - sx[i2]) * v[2];
          float sumQ2 =
              (sw[i1] - sw[0]) * v[0] * v[0]
                  + (sw[i2] - sw[i1]) * v[1] * v[1]
                  + (sw[group] - sw[i2]) * v[2] * v[2];
          if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
            float scale = sumQx / sumQ2;
            best = scale * sumQx;
            found = new Split(i1, i2, shift == 1, shift == 1, scale);
          }
        }
      }
    }
    return found;
  }

  /** A shift for each half: sums are kept for each half, and halves combine in four ways. */
  private Split apart() {
    float best = -Float.MAX_VALUE;
    Split found = null;
    float[] qx = new float[4];
    float[] q2 = new float[4];
    for (int i1 = 0; i1 <= group; i1++) {
      for (int i2 = i1; i2 <= group; i2++) {
        for (int half = 0; half < 2; half++) {
          float sx = sumX[half][i1] + sumX[half][i2];
          for (int shift = 0; shift < 2; shift++) {
            float[] v = shift == 0 ? UP : DOWN;
            qx[2 * half + shift] = sumX[half][group] * v[2] - sx;
            q2[2 * half + shift] =
                sumW[half][group] * v[2] * v[2]
                    + sumW[half][i1] * (v[0] * v[0] - v[1] * v[1])
                    + sumW[half][i2] * (v[1] * v[1] - v[2] * v[2]);
          }
        }
        for (int k = 0; k < 4; k++) {
          float sumQx = qx[k / 2] + qx[2 + k % 2];
          float sumQ2 = q2[k / 2] + q2[2 + k % 2];
          if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
            float scale = sumQx / sumQ2;
            best = scale * sumQx;
            found = new Split(i1, i2, k / 2 == 1, k % 2 == 1, scale);
          }
        }
      }
    }
    return found;
  }

  /** Moves levels to points; returns the scale that fits them. */
  private float assign(float[] x, int from, float[] weights, int at, float scale) {
    int[] places = Neighbours.of(BOOK).places();
    boolean all = true;
    for (int k = 0; k < group / 8; k++) {
      int number = 0;
      for (int i = 7; i >= 0; i--) {
        number = number * 3 + levels[8 * k + i];
      }
      int place = places[number];
      all &= place >= 0;
      float[] v = down[k] ? DOWN : UP;
      points[k] =
          place >= 0
              ? place
              : nearest.find(number, levels, 8 * k, x, from + 8 * k, weights, at + 8 * k, scale, v);
    }
    if (all) {
      return scale;
    }
    float sumQx = 0;
    float sumQ2 = 0;
    for (int i = 0; i < group; i++) {
      float q = (down[i / 8] ? DOWN : UP)[BOOK.level(points[i / 8], i % 8)];
      sumQx += weights[at + i] * q * x[from + i];
      sumQ2 += weights[at + i] * q * q;
    }
    return sumQx > 0 && sumQ2 > 0 ? sumQx / sumQ2 : scale;
  }

  /** One neighbour after the other. */
  static int nearest(
      int number,
      int[] levels,
      int first,
      float[] x,
      int from,
      float[] weights,
      int at,
      float scale,
      float[] v) {
    short[] lists = Neighbours.of(BOOK).points();
    int begin = ~Neighbours.of(BOOK).places()[number];
    int best = lists[begin + 1];
    float least = Float.MAX_VALUE;
    for (int j = begin + 1; j <= begin + lists[begin]; j++) {
      float error = 0;
      for (int i = 0; i < 8; i++) {
        float difference = scale * v[BOOK.level(lists[j], i)] - x[from + i];
        error += weights[at + i] * difference * difference;
      }
      if (error < least) {
        least = error;
        best = lists[j];
      }
    }
    return best;
  }
}
