package phiquant.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How Python's {@code str} is split: at white space, at a text, at the ends of lines. */
final class Splitting {
  private Splitting() {}

  /**
   * {@code split} and {@code rsplit}.
   *
   * @param separator null for white space
   * @param most how many cuts at most; below 0 for any number
   */
  static List<Object> split(
      Budget budget, String s, Object separator, int most, boolean fromTheEnd) {
    if (separator == null) {
      return words(budget, s, most, fromTheEnd);
    }
    String cut = Arguments.text(separator, "split");
    if (cut.isEmpty()) {
      throw TemplateError.broken("a separator is empty");
    }
    budget.scan((double) s.length() * (1 + Math.min(cut.length(), 1024)) / 8);
    List<Object> parts = new ArrayList<>();
    int start = 0;
    int end = s.length();
    while (most < 0 || parts.size() < most) {
      int at = fromTheEnd ? s.lastIndexOf(cut, end - cut.length()) : s.indexOf(cut, start);
      if (at < 0) {
        break;
      }
      budget.make(8);
      parts.add(fromTheEnd ? s.substring(at + cut.length(), end) : s.substring(start, at));
      start = fromTheEnd ? 0 : at + cut.length();
      end = fromTheEnd ? at : end;
    }
    parts.add(s.substring(start, end));
    if (fromTheEnd) {
      Collections.reverse(parts);
    }
    return parts;
  }

  private static List<Object> words(Budget budget, String s, int most, boolean fromTheEnd) {
    List<Object> words = new ArrayList<>();
    int start = s.length() - PythonText.lstrip(s).length();
    int end = PythonText.rstrip(s).length();
    while (start < end && (most < 0 || words.size() < most)) {
      budget.make(8);
      int at = fromTheEnd ? end : start;
      if (fromTheEnd) {
        while (at > start && !PythonText.isSpace(s.charAt(at - 1))) {
          at--;
        }
        words.add(s.substring(at, end));
        for (end = at; end > start && PythonText.isSpace(s.charAt(end - 1)); end--) {}
      } else {
        while (at < end && !PythonText.isSpace(s.charAt(at))) {
          at++;
        }
        words.add(s.substring(start, at));
        for (start = at; start < end && PythonText.isSpace(s.charAt(start)); start++) {}
      }
    }
    if (start < end) {
      // What is left keeps the white space at its other end.
      words.add(fromTheEnd ? s.substring(0, end) : s.substring(start));
    }
    if (fromTheEnd) {
      Collections.reverse(words);
    }
    return words;
  }

  /** {@code splitlines}. */
  static List<Object> lines(Budget budget, String s, boolean keep) {
    List<Object> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean ends =
          (c >= '\n' && c <= '\r')
              || (c >= 0x1c && c <= 0x1e)
              || c == 0x85
              || c == 0x2028
              || c == 0x2029;
      if (ends) {
        int next = c == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n' ? i + 2 : i + 1;
        budget.make(8);
        lines.add(s.substring(start, keep ? next : i));
        start = next;
        i = next - 1;
      }
    }
    if (start < s.length()) {
      lines.add(s.substring(start));
    }
    return lines;
  }
}
