package phiquant.run.grammar.json;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import phiquant.UserError;
import phiquant.run.grammar.Rule;

/**
 * A regular expression as a rule for the content of a JSON string. What JavaScript (ECMA-262, which
 * JSON Schema refers to) and Python read differently is read as the smaller of both: {@code \d} and
 * {@code \w} are ASCII, and so is what {@code \D}, {@code \W} and {@code \S} leave.
 */
final class PatternRules {
  private static final int MAX_LENGTH = 1000;
  private static final int MAX_REPEATS = 10_000;
  private static final int CHARACTERS = Character.MAX_CODE_POINT + 1;

  private final String pattern;
  private int at;

  private PatternRules(String pattern) {
    this.pattern = pattern;
  }

  /**
   * Strings in which the expression is found; all of it where {@code ^} and {@code $} say so.
   *
   * @throws UserError naming what is not supported
   */
  static Rule of(String pattern) {
    PatternRules rules = new PatternRules(pattern);
    if (pattern.length() > MAX_LENGTH) {
      throw rules.unsupported("more than " + MAX_LENGTH + " characters");
    }
    Rule any = Rule.repeat(JsonRules.CHARACTER, 0, Rule.UNBOUNDED);
    List<Rule> options = new ArrayList<>();
    do {
      boolean fromStart = rules.skip('^');
      Rule middle = rules.sequence();
      boolean toEnd = rules.skip('$');
      Rule none = Rule.text("");
      options.add(Rule.sequence(fromStart ? none : any, middle, toEnd ? none : any));
    } while (rules.skip('|'));
    if (rules.at < pattern.length()) {
      throw rules.unsupported("'" + pattern.charAt(rules.at) + "' at " + rules.at);
    }
    return Rule.choice(options);
  }

  private UserError unsupported(String what) {
    return new UserError(
        "The schema has the pattern '%s', with %s, which is not supported."
            .formatted(pattern.length() > 60 ? pattern.substring(0, 60) + "…" : pattern, what));
  }

  private boolean skip(char c) {
    boolean there = at < pattern.length() && pattern.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  private Rule alternatives() {
    List<Rule> options = new ArrayList<>();
    do {
      options.add(sequence());
    } while (skip('|'));
    return Rule.choice(options);
  }

  private Rule sequence() {
    List<Rule> parts = new ArrayList<>();
    while (at < pattern.length() && "|)$".indexOf(pattern.charAt(at)) < 0) {
      parts.add(repeated(atom()));
    }
    return Rule.sequence(parts.toArray(Rule[]::new));
  }

  private Rule atom() {
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return switch (c) {
      case '(' -> group();
      case '[' -> content(set());
      case '.' -> content(allBut(some("\n\r\u2028\u2029")));
      case '\\' -> content(escape());
      case '^', '*', '+', '?', '{', '}', ']' ->
          throw unsupported("'" + (char) c + "' at " + (at - 1));
      default -> content(one(c));
    };
  }

  private Rule group() {
    if (pattern.startsWith("?:", at)) {
      at += 2;
    } else if (skip('?')) {
      throw unsupported("'(?'");
    }
    Rule inner = alternatives();
    if (!skip(')')) {
      throw unsupported("a group that does not end, or an anchor in it");
    }
    return inner;
  }

  private Rule repeated(Rule part) {
    Rule repeated = part;
    if (skip('*')) {
      repeated = Rule.repeat(part, 0, Rule.UNBOUNDED);
    } else if (skip('+')) {
      repeated = Rule.repeat(part, 1, Rule.UNBOUNDED);
    } else if (skip('?')) {
      repeated = Rule.optional(part);
    } else if (skip('{')) {
      int min = number();
      int max =
          !skip(',')
              ? min
              : at < pattern.length() && pattern.charAt(at) == '}' ? Rule.UNBOUNDED : number();
      if (!skip('}') || max < min) {
        throw unsupported("a repetition that is none");
      }
      repeated = Rule.repeat(part, min, max);
    } else {
      return part;
    }
    skip('?'); // To match little or much is the same set of texts.
    return repeated;
  }

  private int number() {
    int from = at;
    while (at < pattern.length() && pattern.charAt(at) >= '0' && pattern.charAt(at) <= '9') {
      at++;
    }
    if (from == at || at - from > 5 || Integer.parseInt(pattern, from, at, 10) > MAX_REPEATS) {
      throw unsupported("a repetition that is no number up to " + MAX_REPEATS);
    }
    return Integer.parseInt(pattern, from, at, 10);
  }

  /** {@code [a-z_]}, after its bracket. */
  private BitSet set() {
    boolean not = skip('^');
    BitSet all = new BitSet();
    while (!skip(']')) {
      BitSet first = member();
      boolean range =
          at + 1 < pattern.length() && pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']';
      if (range) {
        at++;
        BitSet last = member();
        if (first.cardinality() != 1
            || last.cardinality() != 1
            || first.nextSetBit(0) > last.nextSetBit(0)) {
          throw unsupported("a range that is none");
        }
        all.set(first.nextSetBit(0), last.nextSetBit(0) + 1);
      } else {
        all.or(first);
      }
    }
    return not ? allBut(all) : all;
  }

  private BitSet member() {
    if (at >= pattern.length()) {
      throw unsupported("a set that does not end");
    }
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return c == '\\' ? escape() : one(c);
  }

  /** What stands after a backslash. */
  private BitSet escape() {
    if (at >= pattern.length()) {
      throw unsupported("a backslash at its end");
    }
    char c = pattern.charAt(at++);
    return switch (c) {
      case 'd' -> some("0123456789");
      case 'w' -> word();
      case 's' -> some(" \t\n\r\f\u000b");
      case 'D' -> asciiBut(some("0123456789"));
      case 'W' -> asciiBut(word());
      case 'S' -> asciiBut(some(" \t\n\r\f\u000b"));
      case 'n' -> one('\n');
      case 'r' -> one('\r');
      case 't' -> one('\t');
      case 'f' -> one('\f');
      case 'u' -> hex(4);
      case 'x' -> hex(2);
      default -> {
        if (Character.isLetterOrDigit(c)) {
          throw unsupported("'\\" + c + "'");
        }
        yield one(c);
      }
    };
  }

  private BitSet hex(int digits) {
    String code = pattern.substring(at, Math.min(pattern.length(), at + digits));
    at += digits;
    if (!code.matches("[0-9a-fA-F]{" + digits + "}")) {
      throw unsupported("an escape that is none");
    }
    return one(Integer.parseInt(code, 16));
  }

  private static BitSet one(int c) {
    BitSet set = new BitSet();
    set.set(c);
    return set;
  }

  private static BitSet some(String characters) {
    BitSet set = new BitSet();
    characters.chars().forEach(set::set);
    return set;
  }

  private static BitSet word() {
    BitSet set = some("_0123456789");
    set.set('a', 'z' + 1);
    set.set('A', 'Z' + 1);
    return set;
  }

  private static BitSet allBut(BitSet set) {
    BitSet rest = (BitSet) set.clone();
    rest.flip(0, CHARACTERS);
    return rest;
  }

  private static BitSet asciiBut(BitSet set) {
    BitSet rest = (BitSet) set.clone();
    rest.flip(0, 128);
    return rest;
  }

  /** One character of a set, escaped where JSON asks for it. */
  private static Rule content(BitSet set) {
    List<Rule> options = new ArrayList<>();
    for (int from = set.nextSetBit(0); from >= 0; ) {
      int end = set.nextClearBit(from);
      int to = end - 1;
      if (isEscaped(from)) {
        options.add(Rule.text(escaped(from)));
        end = from + 1;
      } else {
        for (int c = from; c <= Math.min(to, '\\'); c++) {
          if (isEscaped(c)) {
            to = c - 1;
            end = c;
          }
        }
        options.add(CodePoints.range(from, to));
      }
      from = set.nextSetBit(end);
    }
    return Rule.choice(options);
  }

  private static boolean isEscaped(int c) {
    return c < 0x20 || c == '"' || c == '\\';
  }

  private static String escaped(int c) {
    return switch (c) {
      case '"', '\\' -> "\\" + (char) c;
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> "\\u%04x".formatted(c);
    };
  }
}
