package phiquant.quant.ggml.codebook;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * The lists of {@link Neighbours} without points that cannot be the nearest, laid out for vectors.
 *
 * <p>A weight's error grows with the distance from its own level, on either side, as long as the
 * weight is not just between two levels. So a point that for each weight has another's level, or
 * one farther from the weight's own, has no smaller error than the other, which stands before it in
 * the list: only an exact tie is decided by the order, and not in its favour. Rounding changes
 * nothing of that, being monotone. This leaves a fourth of IQ2_XS's lists.
 *
 * <p>A combination that is a point has a list of this point alone.
 *
 * @param words by number of a combination: where its list begins among the entries, from bit 8, its
 *     length in bits 1 to 7, and bit 0 set if it is a point
 * @param entries of lists: a point from bit 16, below it {@code 2 · level + 1} of four weights in
 *     four bits each, or the levels of eight weights in two bits each, the first lowest. Lists of
 *     eight weights begin at multiples of {@link #BLOCK}, the last entry is repeated up to there
 * @param points the entry of each point
 * @param codes the entries of eight weights in another form: four bits for each weight, its level
 *     and, from bit 2 on, its number modulo four, so that it says where the weight's error is in a
 *     table of four weights with four places each
 */
public record Contenders(int[] words, int[] entries, int[] points, int[] codes) {
  /** Entries of a block: as many as there are lanes, at most. */
  public static final int BLOCK = 16;

  private static final Map<Codebook, Contenders> ALL = new EnumMap<>(Codebook.class);

  /** Those of a codebook, made when first asked for. */
  public static Contenders of(Codebook book) {
    synchronized (ALL) {
      return ALL.computeIfAbsent(book, unused -> new Maker(book).make());
    }
  }

  /** The code of an entry of eight weights. */
  public static int code(int entry) {
    int code = 0;
    for (int i = 0; i < 8; i++) {
      code |= (i % 4 << 2 | entry >> 2 * i & 3) << 4 * i;
    }
    return code;
  }

  private static final class Maker {
    private final Codebook book;
    private final int dimension;
    private final short[] lists;
    private int[] entries = new int[1 << 16];
    private int used;

    Maker(Codebook book) {
      this.book = book;
      this.dimension = book.dimension();
      this.lists = Neighbours.of(book).points();
    }

    Contenders make() {
      int[] points = new int[book.size()];
      for (int point = 0; point < points.length; point++) {
        points[point] = entry(point);
      }
      int[] words = Neighbours.of(book).places().clone();
      byte[] own = new byte[dimension];
      short[] kept = new short[book.size()];
      for (int number = 0; number < words.length; number++) {
        int place = words[number];
        int length = 1;
        if (place < 0) {
          Neighbours.of(book).digits(number, own);
          length = keep(~place, own, kept);
        } else {
          kept[0] = (short) place;
        }
        words[number] = used << 8 | length << 1 | (place < 0 ? 0 : 1);
        append(points, kept, length);
      }
      entries = Arrays.copyOf(entries, used);
      int[] codes = new int[dimension == 8 ? entries.length : 0];
      for (int i = 0; i < codes.length; i++) {
        codes[i] = code(entries[i]);
      }
      return new Contenders(words, entries, points, codes);
    }

    private int entry(int point) {
      int entry = point << 16;
      for (int i = 0; i < dimension; i++) {
        int level = book.level(point, i);
        entry |= dimension == 8 ? level << 2 * i : 2 * level + 1 << 4 * i;
      }
      return entry;
    }

    /** How many of a list's points are left. */
    private int keep(int begin, byte[] own, short[] kept) {
      int length = 0;
      for (int j = begin + 1; j <= begin + lists[begin]; j++) {
        boolean loses = false;
        for (int other = 0; other < length && !loses; other++) {
          loses = nowhereCloser(lists[j], kept[other], own);
        }
        if (!loses) {
          kept[length++] = lists[j];
        }
      }
      return length;
    }

    private boolean nowhereCloser(int point, int than, byte[] own) {
      for (int i = 0; i < dimension; i++) {
        int a = book.level(point, i);
        int b = book.level(than, i);
        if (a != b && Math.abs(a - own[i]) <= Math.abs(b - own[i])) {
          return false;
        }
      }
      return true;
    }

    private void append(int[] points, short[] kept, int length) {
      int padded = dimension == 8 ? Math.ceilDiv(length, BLOCK) * BLOCK : length;
      if (used + padded > entries.length) {
        entries = Arrays.copyOf(entries, 2 * entries.length);
      }
      for (int j = 0; j < padded; j++) {
        entries[used++] = points[kept[Math.min(j, length - 1)]];
      }
    }
  }
}
