package phiquant.quant.ggml.codebook;

import java.util.EnumMap;
import java.util.Map;

/**
 * The lists of {@link Neighbours} as indexes into small tables, for vectors with a neighbour in
 * each lane: a half byte for each weight, its level, and above it the weight's place among those
 * that share a table. A neighbour is an int.
 *
 * @param lists begins of lists are those of {@link Neighbours#points}
 * @param codes of all points
 */
public record Permutations(int[] lists, int[] codes) {
  private static final Map<Codebook, Map<Integer, Permutations>> ALL =
      new EnumMap<>(Codebook.class);

  /**
   * Those of a codebook for tables of {@code lanes} entries, made when first asked for.
   *
   * @param width entries of one weight: its levels, rounded up to a power of two
   */
  public static Permutations of(Codebook book, int lanes, int width) {
    synchronized (ALL) {
      return ALL.computeIfAbsent(book, unused -> new java.util.HashMap<>())
          .computeIfAbsent(lanes, unused -> make(book, lanes, width));
    }
  }

  private static Permutations make(Codebook book, int lanes, int width) {
    short[] points = Neighbours.of(book).points();
    int[] lists = new int[points.length];
    for (int i = 0; i < lists.length; i++) {
      lists[i] = points[i] < book.size() ? code(book, points[i], lanes, width) : 0;
    }
    int[] codes = new int[book.size()];
    for (int point = 0; point < codes.length; point++) {
      codes[point] = code(book, point, lanes, width);
    }
    return new Permutations(lists, codes);
  }

  private static int code(Codebook book, int point, int lanes, int width) {
    int code = 0;
    for (int i = 0; i < book.dimension(); i++) {
      code |= (book.level(point, i) + width * (i % (lanes / width))) << 4 * i;
    }
    return code;
  }
}
