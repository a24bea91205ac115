package phiquant.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.jinja.Values.Tuple;

/** Python's {@code '%s' % value} and {@code '{}'.format(value)}, without their rarer codes. */
final class PythonFormat {
  private static final Pattern CODE =
      Pattern.compile(
          "%(?:\\((?<name>[^)]*)\\))?(?<flags>[-+ 0]*)(?<width>\\d*)(?:\\.(?<digits>\\d*))?(?<kind>.)",
          Pattern.DOTALL);
  private static final Pattern FIELD =
      Pattern.compile("\\{\\{|\\}\\}|\\{(?<name>[^{}!:.\\[]*)\\}|[{}]");

  private final Budget budget;
  private final PythonText text;

  PythonFormat(Budget budget, PythonText text) {
    this.budget = budget;
    this.text = text;
  }

  String percent(String pattern, Object value) {
    budget.make(pattern.length());
    List<?> values = value instanceof Tuple tuple ? tuple : java.util.Arrays.asList(value);
    StringBuilder out = new StringBuilder();
    Matcher code = CODE.matcher(pattern);
    int at = 0;
    int used = 0;
    boolean named = false;
    for (int percent = pattern.indexOf('%'); percent >= 0; percent = pattern.indexOf('%', at)) {
      out.append(pattern, at, percent);
      if (!code.region(percent, pattern.length()).lookingAt()) {
        throw TemplateError.broken("a format ends in '%'");
      }
      at = code.end();
      if (code.group("kind").equals("%")) {
        out.append('%');
        continue;
      }
      Object next;
      if (code.group("name") != null) {
        named = true;
        if (!(value instanceof Map<?, ?> map) || !map.containsKey(code.group("name"))) {
          throw TemplateError.broken("a format has no value '" + code.group("name") + "'");
        }
        next = map.get(code.group("name"));
      } else if (used < values.size()) {
        next = values.get(used++);
      } else {
        throw TemplateError.broken("a format has too few values");
      }
      out.append(formatted(code, next));
    }
    boolean takesAny =
        value instanceof Map
            || value instanceof Values.Undefined
            || (value instanceof List && !(value instanceof Tuple));
    if (!named && used < values.size() && !takesAny) {
      throw TemplateError.broken("a format has too many values");
    }
    return out.append(pattern, at, pattern.length()).toString();
  }

  private String formatted(Matcher code, Object value) {
    String digits = code.group("digits");
    int precision = digits == null ? -1 : digits.isEmpty() ? 0 : amount(digits);
    String flags = code.group("flags");
    Object number = Python.number(value);
    String body =
        switch (code.group("kind")) {
          case "s" -> cut(text.str(value), precision);
          case "r" -> cut(text.repr(value), precision);
          case "d", "i", "u" -> whole(number, precision);
          case "f", "F" -> fixed(number, precision < 0 ? 6 : precision);
          default -> throw TemplateError.unsupported("the format '%" + code.group("kind") + "'");
        };
    boolean numeric = !"sr".contains(code.group("kind"));
    if (numeric && !body.startsWith("-")) {
      body = (flags.contains("+") ? "+" : flags.contains(" ") ? " " : "") + body;
    }
    int width = code.group("width").isEmpty() ? 0 : amount(code.group("width"));
    int missing = width - body.codePointCount(0, body.length());
    if (missing <= 0) {
      return body;
    }
    budget.make(width);
    if (flags.contains("-")) {
      return body + " ".repeat(missing);
    }
    boolean signed = numeric && !body.isEmpty() && "+- ".indexOf(body.charAt(0)) >= 0;
    return numeric && flags.contains("0")
        ? (signed ? body.substring(0, 1) : "")
            + "0".repeat(missing)
            + body.substring(signed ? 1 : 0)
        : " ".repeat(missing) + body;
  }

  private int amount(String digits) {
    int amount = digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    budget.make(amount);
    return amount;
  }

  private static String cut(String text, int precision) {
    return precision < 0 || text.codePointCount(0, text.length()) <= precision
        ? text
        : text.substring(0, text.offsetByCodePoints(0, precision));
  }

  private static String whole(Object number, int precision) {
    if (precision >= 0) {
      throw TemplateError.unsupported("a precision for integers");
    }
    return switch (Values.present(number)) {
      case Long whole -> Long.toString(whole);
      case Double real -> {
        if (!(Math.abs(real) < 1e15)) {
          throw TemplateError.unsupported("'%d' for such a number");
        }
        yield Long.toString(real.longValue());
      }
      default -> throw Python.wrongType("'%d'", number);
    };
  }

  private static String fixed(Object number, int precision) {
    if (!(number instanceof Number real) || !Double.isFinite(real.doubleValue())) {
      throw Python.wrongType("'%f'", number);
    }
    double x = real.doubleValue();
    String digits =
        new BigDecimal(x).setScale(precision, RoundingMode.HALF_EVEN).abs().toPlainString();
    return (1 / x < 0 || x < 0 ? "-" : "") + digits;
  }

  /** {@code pattern.format(…)} with plain fields: {@code {}}, {@code {0}} or {@code {name}}. */
  String braces(String pattern, Arguments arguments) {
    budget.make(pattern.length());
    StringBuilder out = new StringBuilder();
    Matcher field = FIELD.matcher(pattern);
    int at = 0;
    int next = 0;
    while (field.find()) {
      out.append(pattern, at, field.start());
      at = field.end();
      String name = field.group("name");
      if (field.group().equals("{{") || field.group().equals("}}")) {
        out.append(field.group().charAt(0));
      } else if (name == null) {
        throw TemplateError.unsupported("a format with more than names in braces");
      } else if (name.isEmpty() || name.matches("\\d{1,3}")) {
        int index = name.isEmpty() ? next++ : Integer.parseInt(name);
        if (next > 0 && !name.isEmpty() || index >= arguments.positional().size()) {
          throw TemplateError.broken("a format has no value '" + name + "'");
        }
        out.append(text.str(arguments.positional().get(index)));
      } else if (arguments.named().containsKey(name)) {
        out.append(text.str(arguments.named().get(name)));
      } else {
        throw TemplateError.broken("a format has no value '" + name + "'");
      }
      budget.make(out.length() - field.start());
    }
    return out.append(pattern, at, pattern.length()).toString();
  }
}
