package phiquant.engine.openvino.tokenizer;

import java.util.regex.Pattern;

/**
 * Patterns of tokenizer.json, which Oniguruma reads there and PCRE2 in OpenVINO. What both mean
 * alike is kept; white space is spelled out, for PCRE2 counts U+180E among it; what they read
 * differently or only one knows is refused.
 */
final class Regex {
  /** Unicode's White_Space, as the inside of a character class. */
  private static final String WHITE_SPACE =
      "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}"
          + "\\x{205f}\\x{3000}";

  /** A class that matches white space. */
  static final String SPACE = "[" + WHITE_SPACE + "]";

  private static final String SAME_ESCAPES = "rnt\\/.|()[]{}+*?^$-";

  /** What may follow {@code (?}: nothing captured, case ignored, looking ahead, atomic. */
  private static final Pattern GROUP = Pattern.compile(":|i:|=|!|>");

  private Regex() {}

  /** A pattern that matches just this text. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (c < 128 && !Character.isLetterOrDigit(c) && c != '_') {
                quoted.append(String.format("\\x{%x}", c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.toString();
  }

  /**
   * A replacement that is just this text.
   *
   * @throws Inexpressible if it would be read as a group's number
   */
  static String replacement(String text) {
    if (text.matches("(?s).*\\\\[1-9].*")) {
      throw new Inexpressible("a replacement '" + text + "' with a backslash before a digit");
    }
    return text.replace("$", "$$");
  }

  /**
   * The pattern for PCRE2.
   *
   * @throws Inexpressible if it may match something else there
   */
  static String ofOniguruma(String pattern) {
    StringBuilder out = new StringBuilder();
    boolean inClass = false;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '\\') {
        i = escape(pattern, i + 1, inClass, out);
        continue;
      }
      if (inClass ? c == '[' || pattern.startsWith("&&", i) : c == '^' || c == '$') {
        throw refused(pattern, String.valueOf(c));
      }
      if (!inClass && pattern.startsWith("}+", i)) {
        throw refused(pattern, "}+");
      }
      if (!inClass
          && pattern.startsWith("(?", i)
          && !GROUP.matcher(pattern).region(i + 2, pattern.length()).lookingAt()) {
        throw refused(pattern, "(?");
      }
      inClass = inClass ? c != ']' : c == '[';
      out.append(c);
    }
    return out.toString();
  }

  /** Copies or translates an escape whose letter is at {@code i}; returns its last place. */
  private static int escape(String pattern, int i, boolean inClass, StringBuilder out) {
    char c = i < pattern.length() ? pattern.charAt(i) : 0;
    if (c == 's') {
      out.append(inClass ? WHITE_SPACE : SPACE);
    } else if (c == 'S' && !inClass) {
      out.append("[^").append(WHITE_SPACE).append(']');
    } else if ((c == 'p' || c == 'P') && pattern.startsWith("{", i + 1)) {
      int end = pattern.indexOf('}', i);
      if (end < 0 || !pattern.substring(i + 2, end).matches("\\^?[A-Z][a-z]?")) {
        throw refused(pattern, "\\p{");
      }
      out.append('\\').append(pattern, i, end + 1);
      return end;
    } else if (c != 0 && SAME_ESCAPES.indexOf(c) >= 0) {
      out.append('\\').append(c);
    } else {
      throw refused(pattern, "\\" + (c == 0 ? "" : c));
    }
    return i;
  }

  private static Inexpressible refused(String pattern, String what) {
    return new Inexpressible(
        "a pattern with '" + what + "', which OpenVINO reads in another way: " + pattern);
  }
}
