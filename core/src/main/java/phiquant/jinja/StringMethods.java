package phiquant.jinja;

import static phiquant.jinja.Arguments.or;
import static phiquant.jinja.Arguments.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import phiquant.jinja.Values.Tuple;

/** The methods of Python's {@code str}. Counts and places are in characters, not Java's chars. */
final class StringMethods {
  /** Those of Python that are not here, so that they can be refused by name. */
  private static final List<String> OTHERS =
      List.of(
          "casefold",
          "encode",
          "expandtabs",
          "format_map",
          "isdecimal",
          "isidentifier",
          "isnumeric",
          "isprintable",
          "istitle",
          "maketrans",
          "swapcase",
          "translate");

  private static final List<String> NAMES =
      List.of(
          "capitalize",
          "center",
          "count",
          "endswith",
          "find",
          "format",
          "index",
          "isalnum",
          "isalpha",
          "isascii",
          "isdigit",
          "islower",
          "isspace",
          "isupper",
          "join",
          "ljust",
          "lower",
          "lstrip",
          "partition",
          "removeprefix",
          "removesuffix",
          "replace",
          "rfind",
          "rindex",
          "rjust",
          "rpartition",
          "rsplit",
          "rstrip",
          "split",
          "splitlines",
          "startswith",
          "strip",
          "title",
          "upper",
          "zfill");

  private final Budget budget;
  private final Python python;
  private final PythonFormat format;

  StringMethods(Budget budget, Python python, PythonText text) {
    this.budget = budget;
    this.python = python;
    this.format = new PythonFormat(budget, text);
  }

  static boolean has(String name) {
    if (OTHERS.contains(name)) {
      throw TemplateError.unsupported("the method '" + name + "' of texts");
    }
    return NAMES.contains(name);
  }

  Object call(String s, String method, Arguments given) {
    budget.make(s.length());
    return switch (method) {
      case "upper" -> nothing(given, method, s.toUpperCase(Locale.ROOT));
      case "lower" -> nothing(given, method, s.toLowerCase(Locale.ROOT));
      case "capitalize" -> nothing(given, method, capitalized(s));
      case "title" -> nothing(given, method, title(s));
      case "isalnum" -> nothing(given, method, all(s, Character::isLetterOrDigit));
      case "isalpha" -> nothing(given, method, all(s, Character::isLetter));
      case "isdigit" -> nothing(given, method, all(s, Character::isDigit));
      case "isspace" -> nothing(given, method, all(s, PythonText::isSpace));
      case "isascii" -> nothing(given, method, s.chars().allMatch(c -> c < 128));
      case "islower" -> nothing(given, method, cased(s, Character::isLowerCase));
      case "isupper" -> nothing(given, method, cased(s, Character::isUpperCase));
      case "strip", "lstrip", "rstrip" -> {
        Object set = given.bind(method, "chars?")[0];
        yield stripped(s, set, !method.equals("rstrip"), !method.equals("lstrip"));
      }
      case "replace" -> {
        Object[] bound = given.bind(method, "old", "new", "count?");
        int count = Python.index(or(bound[2], -1L), method);
        yield replaced(s, text(bound[0], method), text(bound[1], method), count);
      }
      case "split", "rsplit" -> {
        Object[] bound = given.bind(method, "sep?", "maxsplit?");
        int most = Python.index(or(bound[1], -1L), method);
        yield Splitting.split(budget, s, or(bound[0], null), most, method.equals("rsplit"));
      }
      case "splitlines" -> {
        Object keep = or(given.bind(method, "keepends?")[0], false);
        yield Splitting.lines(budget, s, Python.truth(keep));
      }
      case "partition", "rpartition" -> {
        String separator = text(given.bind(method, "sep")[0], method);
        yield partitioned(s, separator, method.equals("rpartition"));
      }
      case "startswith", "endswith" -> {
        Object[] bound = given.bind(method, "prefix", "start?", "end?");
        String part = part(s, bound[1], bound[2]);
        yield any(bound[0], method.equals("startswith") ? part::startsWith : part::endsWith);
      }
      case "find", "index", "rfind", "rindex" -> found(s, method, given);
      case "count" -> {
        Object[] bound = given.bind(method, "sub", "start?", "end?");
        yield count(part(s, bound[1], bound[2]), text(bound[0], method));
      }
      case "removeprefix" -> {
        String prefix = text(given.bind(method, "prefix")[0], method);
        yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
      }
      case "removesuffix" -> {
        String suffix = text(given.bind(method, "suffix")[0], method);
        yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
      }
      case "join" -> join(s, given.bind(method, "iterable")[0]);
      case "format" -> format.braces(s, given);
      case "center", "ljust", "rjust" -> {
        Object[] bound = given.bind(method, "width", "fillchar?");
        String fill = text(or(bound[1], " "), method);
        if (fill.codePointCount(0, fill.length()) != 1) {
          throw TemplateError.broken(method + " fills with one character");
        }
        yield padded(s, method, Python.index(bound[0], method), fill);
      }
      case "zfill" -> zeros(s, Python.index(given.bind(method, "width")[0], method));
      default -> throw new IllegalStateException(method);
    };
  }

  private static Object nothing(Arguments given, String method, Object result) {
    given.bind(method);
    return result;
  }

  private static boolean all(String s, IntPredicate test) {
    return !s.isEmpty() && s.codePoints().allMatch(test);
  }

  /** Whether it has letters with a case, and all are of the one. */
  private static boolean cased(String s, IntPredicate test) {
    IntPredicate cased =
        c -> Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
    return s.codePoints().anyMatch(cased) && s.codePoints().filter(cased).allMatch(test);
  }

  static String capitalized(String s) {
    if (s.isEmpty()) {
      return s;
    }
    int first = s.offsetByCodePoints(0, 1);
    return titleCase(s.codePointAt(0)) + s.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String titleCase(int c) {
    // Some letters, as ß, become two, which only strings do.
    int title = Character.toTitleCase(c);
    if (title != c) {
      return Character.toString(title);
    }
    String upper = Character.toString(c).toUpperCase(Locale.ROOT);
    return upper.length() == 1
        ? upper
        : upper.charAt(0) + upper.substring(1).toLowerCase(Locale.ROOT);
  }

  /** The first letter of every run of letters becomes large, the others small. */
  private static String title(String s) {
    StringBuilder out = new StringBuilder();
    boolean inside = false;
    for (int c : s.codePoints().toArray()) {
      boolean cased =
          Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
      out.append(inside ? Character.toString(c).toLowerCase(Locale.ROOT) : titleCase(c));
      inside = cased;
    }
    return out.toString();
  }

  String stripped(String s, Object set, boolean left, boolean right) {
    if (set == Arguments.ABSENT || set == null) {
      String rest = left ? PythonText.lstrip(s) : s;
      return right ? PythonText.rstrip(rest) : rest;
    }
    String letters = text(set, "strip");
    budget.scan((double) s.length() * letters.length() / 8);
    int start = 0;
    int end = s.length();
    while (left && start < end && letters.indexOf(s.codePointAt(start)) >= 0) {
      start += Character.charCount(s.codePointAt(start));
    }
    while (right && end > start && letters.indexOf(s.codePointBefore(end)) >= 0) {
      end -= Character.charCount(s.codePointBefore(end));
    }
    return s.substring(start, end);
  }

  String replaced(String s, String from, String to, int most) {
    if (from.isEmpty()) {
      throw TemplateError.unsupported("replacing nothing");
    }
    int count = (int) Math.min((Long) count(s, from), most < 0 ? Integer.MAX_VALUE : most);
    budget.make(s.length() + (double) count * Math.max(0, to.length() - from.length()));
    StringBuilder out = new StringBuilder();
    int at = 0;
    for (int i = 0; i < count; i++) {
      int next = s.indexOf(from, at);
      out.append(s, at, next).append(to);
      at = next + from.length();
    }
    return out.append(s, at, s.length()).toString();
  }

  private Object count(String s, String part) {
    budget.scan((double) s.length() * (1 + Math.min(part.length(), 1024)) / 8);
    if (part.isEmpty()) {
      return s.codePointCount(0, s.length()) + 1L;
    }
    long count = 0;
    for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private Object partitioned(String s, String separator, boolean last) {
    if (separator.isEmpty()) {
      throw TemplateError.broken("a separator is empty");
    }
    budget.scan((double) s.length() * (1 + Math.min(separator.length(), 1024)) / 8);
    int at = last ? s.lastIndexOf(separator) : s.indexOf(separator);
    if (at < 0) {
      return last ? new Tuple("", "", s) : new Tuple(s, "", "");
    }
    return new Tuple(s.substring(0, at), separator, s.substring(at + separator.length()));
  }

  private static boolean any(Object wanted, Predicate<String> test) {
    if (wanted instanceof Tuple several) {
      return several.stream().anyMatch(one -> test.test(text(one, "startswith")));
    }
    return test.test(text(wanted, "startswith"));
  }

  /** A part between two places, as a slice has it. */
  private static String part(String s, Object start, Object end) {
    if (start == Arguments.ABSENT && end == Arguments.ABSENT) {
      return s;
    }
    int length = s.codePointCount(0, s.length());
    int from = place(or(start, null), 0, length);
    int to = place(or(end, null), length, length);
    return from >= to
        ? ""
        : s.substring(s.offsetByCodePoints(0, from), s.offsetByCodePoints(0, to));
  }

  private static int place(Object index, int otherwise, int length) {
    if (index == null) {
      return otherwise;
    }
    int place = Python.index(index, "a place");
    return Math.clamp(place < 0 ? place + length : place, 0, length);
  }

  private Object found(String s, String method, Arguments given) {
    Object[] bound = given.bind(method, "sub", "start?", "end?");
    String wanted = text(bound[0], method);
    budget.scan((double) s.length() * (1 + Math.min(wanted.length(), 1024)) / 8);
    if (bound[1] != Arguments.ABSENT || bound[2] != Arguments.ABSENT) {
      throw TemplateError.unsupported("'" + method + "' from a place on");
    }
    int at = method.startsWith("r") ? s.lastIndexOf(wanted) : s.indexOf(wanted);
    if (at < 0 && method.endsWith("index")) {
      throw TemplateError.broken("a text does not hold '" + wanted + "'");
    }
    return at < 0 ? -1L : (long) s.codePointCount(0, at);
  }

  private String join(String separator, Object items) {
    List<String> texts = new ArrayList<>();
    for (Object item : python.items(items)) {
      String text = text(item, "join");
      budget.make(text.length() + separator.length());
      texts.add(text);
    }
    return String.join(separator, texts);
  }

  String padded(String s, String method, int width, String fill) {
    int missing = width - s.codePointCount(0, s.length());
    if (missing <= 0) {
      return s;
    }
    budget.make(missing * 2.0);
    int left =
        switch (method) {
          case "ljust" -> 0;
          case "rjust" -> missing;
          // CPython puts the odd one to the left only if the width is odd.
          default -> missing / 2 + (missing & width & 1);
        };
    return fill.repeat(left) + s + fill.repeat(missing - left);
  }

  private String zeros(String s, int width) {
    int missing = width - s.codePointCount(0, s.length());
    if (missing <= 0) {
      return s;
    }
    budget.make(missing);
    boolean signed = s.startsWith("-") || s.startsWith("+");
    return (signed ? s.substring(0, 1) : "") + "0".repeat(missing) + s.substring(signed ? 1 : 0);
  }
}
