package phiquant.run.grammar.json;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import phiquant.run.grammar.Rule;

/**
 * Ranges of characters as the bytes of UTF-8 (RFC 3629), which are a few sequences of ranges of
 * bytes. Halves of surrogate pairs are no characters.
 */
final class CodePoints {
  /** The last characters of one to four bytes. */
  private static final int[] LAST = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

  private CodePoints() {}

  /** Any one of those from {@code from} to {@code to}, both included. */
  static Rule range(int from, int to) {
    List<Rule> options = new ArrayList<>();
    if (from <= 0xD7FF) {
      split(from, Math.min(to, 0xD7FF), options);
    }
    if (to >= 0xE000) {
      split(Math.max(from, 0xE000), to, options);
    }
    return Rule.choice(options);
  }

  /** Splits a range until all of it has as many bytes, and each byte a range of its own. */
  private static void split(int from, int to, List<Rule> options) {
    if (from > to) {
      return;
    }
    for (int last : LAST) {
      if (from <= last && last < to) {
        split(from, last, options);
        split(last + 1, to, options);
        return;
      }
    }
    for (int bits = 6; to > LAST[0] && bits <= 18; bits += 6) {
      int low = (1 << bits) - 1;
      if ((from & ~low) == (to & ~low)) {
        continue;
      }
      int cut = (from & low) != 0 ? from | low : (to & low) != low ? (to & ~low) - 1 : -1;
      if (cut >= 0) {
        split(from, cut, options);
        split(cut + 1, to, options);
        return;
      }
    }
    byte[] first = Character.toString(from).getBytes(StandardCharsets.UTF_8);
    byte[] last = Character.toString(to).getBytes(StandardCharsets.UTF_8);
    Rule[] bytes = new Rule[first.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = Rule.range(first[i] & 0xFF, last[i] & 0xFF);
    }
    options.add(Rule.sequence(bytes));
  }
}
