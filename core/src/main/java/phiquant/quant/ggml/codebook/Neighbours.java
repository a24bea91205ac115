package phiquant.quant.ggml.codebook;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * Where a combination of levels lies in a codebook: its point if it is one, otherwise the points
 * around it, those at the few smallest distances, nearest first and in the codebook's order where
 * they are equally near. Source: {@code iq2xs_init_impl} and {@code iq3xs_init_impl} of
 * ggml-quants.c.
 *
 * <p>A combination's number is {@code Σ level_i · levels^i}.
 */
public final class Neighbours {
  private static final Map<Codebook, Neighbours> ALL = new EnumMap<>(Codebook.class);

  private final Codebook book;
  private final int[] places;
  private short[] points = new short[1 << 12];
  private int used;

  private Neighbours(Codebook book) {
    this.book = book;
    int combinations = 1;
    for (int i = 0; i < book.dimension(); i++) {
      combinations *= book.levels();
    }
    this.places = new int[combinations];
    Arrays.fill(places, -1);
    for (int point = 0; point < book.size(); point++) {
      places[number(book.points(), book.dimension() * point)] = point;
    }
    byte[] levels = new byte[book.dimension()];
    short[] distances = new short[book.size()];
    for (int number = 0; number < combinations; number++) {
      if (places[number] < 0) {
        digits(number, levels);
        places[number] = ~list(levels, distances);
      }
    }
    points = Arrays.copyOf(points, used);
  }

  /** Those of a codebook, made when first asked for. */
  public static Neighbours of(Codebook book) {
    synchronized (ALL) {
      return ALL.computeIfAbsent(book, Neighbours::new);
    }
  }

  /** By number: a point, or the complement of where a list of points begins with its length. */
  public int[] places() {
    return places;
  }

  /** The lists, one after the other. */
  public short[] points() {
    return points;
  }

  /**
   * The neighbour of smallest error, the first of equals.
   *
   * @param place of a combination that is no point
   * @param values magnitudes of the weights, from index {@code at}
   * @param roots of how much their errors count
   */
  public int nearest(int place, float[] values, float[] roots, int at, float scale) {
    int begin = ~place;
    int dimension = book.dimension();
    int best = points[begin + 1];
    float least = Float.MAX_VALUE;
    for (int j = begin + 1; j <= begin + points[begin]; j++) {
      float error = 0;
      for (int i = 0; i < dimension; i++) {
        float difference = scale * (2 * book.level(points[j], i) + 1) - values[at + i];
        error += roots[at + i] * difference * difference;
      }
      if (error < least) {
        least = error;
        best = points[j];
      }
    }
    return best;
  }

  private int number(byte[] levels, int at) {
    int number = 0;
    for (int i = book.dimension() - 1; i >= 0; i--) {
      number = number * book.levels() + levels[at + i];
    }
    return number;
  }

  /** The levels of a combination. */
  void digits(int number, byte[] levels) {
    int rest = number;
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (byte) (rest % book.levels());
      rest /= book.levels();
    }
  }

  /** Appends the list of a combination; returns where it begins. */
  private int list(byte[] levels, short[] distances) {
    int[] count = new int[8 * 49 + 1];
    int dimension = levels.length;
    byte[] all = book.points();
    for (int point = 0; point < distances.length; point++) {
      int distance = 0;
      for (int i = 0; i < dimension; i++) {
        int difference = all[dimension * point + i] - levels[i];
        distance += difference * difference;
      }
      distances[point] = (short) distance;
      count[distance]++;
    }
    int begin = used;
    int length = 0;
    int rings = 0;
    append(0);
    for (int distance = 0; rings < book.rings() && distance < count.length; distance++) {
      if (count[distance] > 0) {
        rings++;
        length += count[distance];
        for (int point = 0; point < distances.length; point++) {
          if (distances[point] == distance) {
            append(point);
          }
        }
      }
    }
    points[begin] = (short) length;
    return begin;
  }

  private void append(int point) {
    if (used == points.length) {
      points = Arrays.copyOf(points, 2 * used);
    }
    points[used++] = (short) point;
  }
}
