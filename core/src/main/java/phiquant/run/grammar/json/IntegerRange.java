package phiquant.run.grammar.json;

import java.util.ArrayList;
import java.util.List;
import phiquant.run.grammar.Rule;

/**
 * Whole numbers from one to another as digits: a range is a few texts of digits and ranges of
 * digits, such as 95 to 123: {@code 9[5-9]}, {@code 1[0-1][0-9]}, {@code 12[0-3]}.
 */
final class IntegerRange {
  /** A number of 16 digits; no double tells greater ones apart. */
  static final long LARGEST = 9_999_999_999_999_999L;

  private IntegerRange() {}

  /**
   * Those from {@code min} to {@code max}, both included.
   *
   * @param min at least {@code -LARGEST}
   * @param max at most {@code LARGEST}
   */
  static Rule of(long min, long max) {
    List<Rule> options = new ArrayList<>();
    if (min < 0) {
      List<Rule> negative = new ArrayList<>();
      naturals(Math.max(1, -max), -min, negative);
      options.add(Rule.sequence(Rule.text("-"), Rule.choice(negative)));
    }
    naturals(Math.max(0, min), max, options);
    return Rule.choice(options);
  }

  private static void naturals(long min, long max, List<Rule> options) {
    if (min > max) {
      return;
    }
    String from = Long.toString(min);
    String to = Long.toString(max);
    if (from.length() < to.length()) {
      long last = Long.parseLong("9".repeat(from.length()));
      naturals(min, last, options);
      naturals(last + 1, max, options);
    } else {
      options.add(digits(from, to));
    }
  }

  /** Numbers of as many digits. */
  private static Rule digits(String from, String to) {
    if (from.isEmpty()) {
      return Rule.text("");
    }
    char low = from.charAt(0);
    char high = to.charAt(0);
    String lowest = from.substring(1);
    String highest = to.substring(1);
    if (low == high) {
      return Rule.sequence(Rule.range(low, low), digits(lowest, highest));
    }
    String zeros = "0".repeat(lowest.length());
    String nines = "9".repeat(lowest.length());
    List<Rule> options = new ArrayList<>();
    if (!lowest.equals(zeros)) {
      options.add(Rule.sequence(Rule.range(low, low), digits(lowest, nines)));
      low++;
    }
    if (!highest.equals(nines)) {
      options.add(Rule.sequence(Rule.range(high, high), digits(zeros, highest)));
      high--;
    }
    if (low <= high) {
      int rest = lowest.length();
      options.add(
          Rule.sequence(Rule.range(low, high), Rule.repeat(Rule.range('0', '9'), rest, rest)));
    }
    return Rule.choice(options);
  }
}
