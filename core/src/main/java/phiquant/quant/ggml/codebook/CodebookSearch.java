package phiquant.quant.ggml.codebook;

import phiquant.quant.ggml.PositiveSearch;
import phiquant.quant.ggml.Rounding;

/**
 * The search of IQ2 and IQ3 for the scale and the points of a group: signs are taken off, then
 * candidates for the scale assign levels, which move to a point of the codebook nearby where they
 * are none; the best by weighted least squares wins, and is refined once. Source: {@code
 * quantize_row_iq2_xxs_impl} and its like in ggml-quants.c.
 *
 * @param book the codebook
 * @param group weights that share a scale
 * @param tries candidates on either side of the plain grid
 * @param step from one to the next
 * @param smallest groups whose largest weight is below are zeros
 * @param evenSigns whether each eight weights have an even number of minus signs, the least
 *     important weight changing its sign where that is not so
 * @param retry which points are assigned anew by the best scale
 */
public record CodebookSearch(
    Codebook book,
    int group,
    int tries,
    float step,
    float smallest,
    boolean evenSigns,
    Retry retry) {

  /** The largest level of the search for the scale that candidates lie around. */
  public static final int FIRST_TOP = 4;

  /** Which points are assigned anew in the end. */
  public enum Retry {
    /** All; the first candidate comes from {@link PositiveSearch}. */
    ALL,
    /** All, if one was not a combination in the codebook. */
    ALL_IF_ANY,
    /** Those that were not. */
    ANY
  }

  /** Two times the largest level, plus one. */
  public float top() {
    return 2 * book.levels() - 1;
  }

  /** A thread's arrays for a group. */
  static final class Scratch {
    final float[] values = new float[32];
    final float[] roots = new float[32];
    final int[] points = new int[8];
    final int[] candidate = new int[8];
    final boolean[] known = new boolean[8];
    final boolean[] knownCandidate = new boolean[8];
  }

  /**
   * Searches for one group.
   *
   * @param weights how much errors count, from index {@code at}
   * @param points receives the points, from index {@code pointsAt}
   * @param signs receives minus signs, eight to a byte, from index {@code signsAt}
   * @return the scale, not negative
   */
  float find(
      float[] x,
      int from,
      float[] weights,
      int at,
      Scratch scratch,
      int[] points,
      int pointsAt,
      byte[] signs,
      int signsAt) {
    int dimension = book.dimension();
    int count = group / dimension;
    float[] values = scratch.values;
    float max = takeSigns(x, from, weights, at, values, signs, signsAt);
    if (max < smallest) {
      java.util.Arrays.fill(points, pointsAt, pointsAt + count, 0);
      java.util.Arrays.fill(signs, signsAt, signsAt + group / 8, (byte) 0);
      return 0;
    }
    float reach = max;
    float scale = max / top();
    if (retry == Retry.ALL) {
      scale = PositiveSearch.find(group, FIRST_TOP, values, 0, weights, at, new int[group]);
      reach = scale * 3;
      if (reach <= 0) {
        java.util.Arrays.fill(points, pointsAt, pointsAt + count, 0);
        java.util.Arrays.fill(signs, signsAt, signsAt + group / 8, (byte) 0);
        return 0;
      }
    }
    for (int i = 0; i < group; i++) {
      scratch.roots[i] = (float) Math.sqrt(weights[at + i]);
    }
    float best = 0;
    java.util.Arrays.fill(scratch.points, 0, count, 0);
    java.util.Arrays.fill(scratch.known, 0, count, retry == Retry.ANY);
    for (int attempt = -tries; attempt <= tries; attempt++) {
      float inverse = (top() + attempt * step) / reach;
      float thisScale = 1 / inverse;
      for (int k = 0; k < count; k++) {
        int place = place(values, dimension * k, inverse);
        scratch.knownCandidate[k] = place >= 0;
        scratch.candidate[k] = place >= 0 ? place : nearest(place, scratch, k, thisScale);
      }
      float sumQx = sumQx(scratch.candidate, values, weights, at);
      float sumQ2 = sumQ2(scratch.candidate, weights, at);
      if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
        scale = sumQx / sumQ2;
        best = scale * sumQx;
        System.arraycopy(scratch.candidate, 0, scratch.points, 0, count);
        if (retry != Retry.ALL) {
          System.arraycopy(scratch.knownCandidate, 0, scratch.known, 0, count);
        }
      }
    }
    scale = refine(scratch, count, scale, weights, at);
    if (scale < 0) {
      scale = -scale;
      for (int k = 0; k < group / 8; k++) {
        signs[signsAt + k] = (byte) ~signs[signsAt + k];
      }
    }
    System.arraycopy(scratch.points, 0, points, pointsAt, count);
    return scale;
  }

  /** Magnitudes and minus signs; returns the largest. */
  public float takeSigns(
      float[] x, int from, float[] weights, int at, float[] values, byte[] signs, int signsAt) {
    for (int k = 0; k < group; k += 8) {
      int minus = 0;
      for (int i = k; i < k + 8; i++) {
        boolean positive = x[from + i] >= 0;
        values[i] = positive ? x[from + i] : -x[from + i];
        minus |= positive ? 0 : 1 << i - k;
      }
      if (evenSigns && Integer.bitCount(minus) % 2 == 1) {
        int least = k;
        float error = weights[at + k] * x[from + k] * x[from + k];
        for (int i = k + 1; i < k + 8; i++) {
          float other = weights[at + i] * x[from + i] * x[from + i];
          if (other < error) {
            error = other;
            least = i;
          }
        }
        values[least] = -values[least];
        minus ^= 1 << least - k;
      }
      signs[signsAt + k / 8] = (byte) minus;
    }
    float max = values[0];
    for (int i = 1; i < group; i++) {
      max = max > values[i] ? max : values[i];
    }
    return max;
  }

  /** Where the nearest levels of a point's weights lie, as {@link Neighbours#places} says it. */
  private int place(float[] values, int from, float inverse) {
    int number = 0;
    for (int i = book.dimension() - 1; i >= 0; i--) {
      int level = Rounding.nearest(0.5f * (inverse * values[from + i] - 1));
      number = number * book.levels() + Math.max(0, Math.min(book.levels() - 1, level));
    }
    return Neighbours.of(book).places()[number];
  }

  /** The neighbour of smallest error at that scale. */
  private int nearest(int place, Scratch scratch, int k, float scale) {
    return Neighbours.of(book)
        .nearest(place, scratch.values, scratch.roots, book.dimension() * k, scale);
  }

  private float refine(Scratch scratch, int count, float scale, float[] weights, int at) {
    boolean all = true;
    for (int k = 0; k < count; k++) {
      all &= scratch.known[k];
    }
    if (all || !(scale > 0)) {
      return scale;
    }
    float inverse = 1 / scale;
    for (int k = 0; k < count; k++) {
      if (retry != Retry.ANY || !scratch.known[k]) {
        int place = place(scratch.values, book.dimension() * k, inverse);
        scratch.points[k] = place >= 0 ? place : nearest(place, scratch, k, scale);
      }
    }
    float sumQ2 = sumQ2(scratch.points, weights, at);
    return sumQ2 > 0 ? sumQx(scratch.points, scratch.values, weights, at) / sumQ2 : scale;
  }

  private float sumQx(int[] points, float[] values, float[] weights, int at) {
    float sum = 0;
    for (int i = 0; i < group; i++) {
      float q = 2 * book.level(points[i / book.dimension()], i % book.dimension()) + 1;
      sum += weights[at + i] * values[i] * q;
    }
    return sum;
  }

  private float sumQ2(int[] points, float[] weights, int at) {
    float sum = 0;
    for (int i = 0; i < group; i++) {
      float q = 2 * book.level(points[i / book.dimension()], i % book.dimension()) + 1;
      sum += weights[at + i] * q * q;
    }
    return sum;
  }
}
