package phiquant.jinja;

import static phiquant.jinja.Arguments.or;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** Jinja's filters that give numbers: {@code int}, {@code float}, {@code round}. */
final class Numbers {
  private static final String INTEGER = "[+-]?\\d+(_\\d+)*";
  private static final String FLOAT =
      "[+-]?(\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?|\\.\\d+(_\\d+)*)([eE][+-]?\\d+(_\\d+)*)?";

  private Numbers() {}

  /** What a value is as a number, or the default where it is none. */
  static Object convert(String kind, Object value, Arguments given) {
    if (value instanceof Values.Undefined undefined) {
      throw Python.undefined(undefined);
    }
    if (kind.equals("float")) {
      Object otherwise = or(given.bind(kind, "default?")[0], 0.0);
      Object number = real(value);
      return number == null ? otherwise : number;
    }
    Object[] bound = given.bind(kind, "default?", "base?");
    if (!(Python.number(or(bound[1], 10L)) instanceof Long base) || base != 10) {
      throw TemplateError.unsupported("another base than 10");
    }
    if (value instanceof String text && text.strip().matches(INTEGER)) {
      return exact(new BigInteger(text.strip().replace("_", "").replaceFirst("^\\+", "")));
    }
    Object number = value instanceof String ? real(value) : Python.number(value);
    return switch (Values.present(number)) {
      case Long whole -> whole;
      case Double real ->
          Double.isFinite(real) ? exact(new BigDecimal(real).toBigInteger()) : or(bound[0], 0L);
      default -> or(bound[0], 0L);
    };
  }

  private static Object real(Object value) {
    return switch (Values.present(Python.number(value))) {
      case Long number -> (double) number;
      case Double number -> number;
      case String text -> {
        String word = PythonText.lstrip(PythonText.rstrip(text));
        yield word.matches(FLOAT)
            ? (Object) Double.valueOf(word.replace("_", ""))
            : word.matches("(?i)[+-]?(inf(inity)?|nan)")
                ? (Object) named(word.toLowerCase(java.util.Locale.ROOT))
                : null;
      }
      default -> null;
    };
  }

  private static Double named(String word) {
    return word.endsWith("nan")
        ? Double.NaN
        : word.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
  }

  private static Object exact(BigInteger number) {
    if (number.bitLength() > 63) {
      throw TemplateError.unsupported("an integer of more than 64 bits");
    }
    return number.longValue();
  }

  static Object round(Object value, Arguments given) {
    Object[] bound = given.bind("round", "precision?", "method?");
    int digits = Python.index(or(bound[0], 0L), "round");
    String method = Arguments.text(or(bound[1], "common"), "round");
    Object number = Python.number(value);
    if (!Python.isNumber(value)) {
      throw Python.wrongType("round", value);
    }
    if (Math.abs((long) digits) > 300) {
      throw TemplateError.unsupported("rounding to " + digits + " digits");
    }
    double x = ((Number) number).doubleValue();
    switch (method) {
      case "common" -> {
        if (number instanceof Long whole) {
          return exact(
              new BigDecimal(whole)
                  .setScale(Math.min(digits, 0), RoundingMode.HALF_EVEN)
                  .toBigInteger());
        }
        return Double.isFinite(x)
            ? Math.copySign(
                new BigDecimal(x).setScale(digits, RoundingMode.HALF_EVEN).doubleValue(), x)
            : x;
      }
      case "ceil", "floor" -> {
        double power = Math.pow(10, digits);
        double scaled = x * power;
        double whole = method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled);
        // Python's are integers, which have no negative zero, and a power below 1 is a float.
        return (whole + 0.0) / power;
      }
      default -> throw TemplateError.broken("'round' has no method '" + method + "'");
    }
  }
}
