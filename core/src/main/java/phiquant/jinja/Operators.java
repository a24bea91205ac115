package phiquant.jinja;

import java.util.ArrayList;
import java.util.List;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Range;
import phiquant.jinja.Values.Tuple;

/** Python's arithmetic, with integers of 64 bits: what goes beyond is refused, not wrapped. */
final class Operators {
  private final Budget budget;
  private final PythonFormat format;

  Operators(Budget budget, PythonText text) {
    this.budget = budget;
    this.format = new PythonFormat(budget, text);
  }

  Object unary(String operator, Object value) {
    boolean minus = operator.equals("-");
    return switch (Values.present(Python.number(value))) {
      case Long number -> minus ? exact(() -> Math.negateExact(number)) : number;
      case Double number -> minus ? -number : number;
      default -> throw Python.wrongType("'" + operator + "'", value);
    };
  }

  Object binary(String operator, Object left, Object right) {
    Object a = Python.number(left);
    Object b = Python.number(right);
    if (a instanceof Markup || b instanceof Markup) {
      throw Python.markup();
    }
    if (a instanceof Long x && b instanceof Long y) {
      return integers(operator, x, y);
    }
    if (a instanceof Number x && b instanceof Number y) {
      return floats(operator, x.doubleValue(), y.doubleValue());
    }
    switch (operator) {
      case "+" -> {
        if (a instanceof String x && b instanceof String y) {
          budget.make((double) x.length() + y.length());
          return x + y;
        }
        if (isSequence(a) && Python.type(a).equals(Python.type(b))) {
          List<Object> both = new ArrayList<>();
          budget.make(((List<?>) a).size() + (double) ((List<?>) b).size());
          both.addAll((List<?>) a);
          both.addAll((List<?>) b);
          return a instanceof Tuple ? new Tuple(both.toArray()) : both;
        }
      }
      case "*" -> {
        if (b instanceof Long times && (a instanceof String || isSequence(a))) {
          return repeat(a, times);
        }
        if (a instanceof Long times && (b instanceof String || isSequence(b))) {
          return repeat(b, times);
        }
      }
      case "%" -> {
        if (a instanceof String pattern) {
          return format.percent(pattern, right);
        }
      }
      default -> {}
    }
    throw Python.wrongType("'" + operator + "'", left, right);
  }

  private static boolean isSequence(Object value) {
    return value instanceof List && !(value instanceof Range);
  }

  private Object repeat(Object value, long times) {
    long count = Math.max(0, times);
    if (value instanceof String text) {
      budget.make((double) text.length() * count);
      return text.repeat((int) (text.isEmpty() ? 0 : count));
    }
    List<?> list = (List<?>) value;
    budget.make((double) list.size() * count);
    List<Object> many = new ArrayList<>();
    for (long i = 0; i < (list.isEmpty() ? 0 : count); i++) {
      many.addAll(list);
    }
    return value instanceof Tuple ? new Tuple(many.toArray()) : many;
  }

  private static Object integers(String operator, long x, long y) {
    return switch (operator) {
      case "+" -> exact(() -> Math.addExact(x, y));
      case "-" -> exact(() -> Math.subtractExact(x, y));
      case "*" -> exact(() -> Math.multiplyExact(x, y));
      case "//" -> exact(() -> Math.floorDivExact(x, nonZero(y)));
      case "%" -> Math.floorMod(x, nonZero(y));
      case "/" -> {
        if (Math.max(Math.abs(x), Math.abs(y)) > 1L << 53) {
          throw TemplateError.unsupported("dividing integers of more than 53 bits");
        }
        yield (double) x / nonZero(y);
      }
      case "**" -> y < 0 ? (Object) power(x, y) : exact(() -> Math.powExact(x, clamp(y, x)));
      default -> throw new IllegalStateException(operator);
    };
  }

  /** A power of 1, 0 or -1 may be any. */
  private static int clamp(long exponent, long base) {
    boolean cycles = Math.abs(base) <= 1 && exponent > 0;
    return (int) (cycles ? 2 - exponent % 2 : Math.min(exponent, 1000));
  }

  private static double power(double x, double y) {
    if (x == 0 && y < 0) {
      throw TemplateError.broken("0 has no negative power");
    }
    double power = Math.pow(x, y);
    if (x < 0 && y != Math.rint(y)) {
      throw TemplateError.unsupported("a complex number");
    }
    if (Double.isInfinite(power) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
      throw TemplateError.broken("a power is too large");
    }
    return power;
  }

  private static Object floats(String operator, double x, double y) {
    return switch (operator) {
      case "+" -> x + y;
      case "-" -> x - y;
      case "*" -> x * y;
      case "/" -> x / nonZero(y);
      case "//" -> {
        double whole = (x - remainder(x, y)) / y;
        double floor = Math.floor(whole);
        yield whole - floor > 0.5 ? floor + 1 : floor;
      }
      case "%" -> remainder(x, y);
      case "**" -> power(x, y);
      default -> throw new IllegalStateException(operator);
    };
  }

  /** Has the sign of what it is divided by. */
  private static double remainder(double x, double y) {
    double rest = x % nonZero(y);
    return rest == 0 ? Math.copySign(0, y) : rest < 0 != y < 0 ? rest + y : rest;
  }

  private static long nonZero(long divisor) {
    if (divisor == 0) {
      throw TemplateError.broken("something is divided by zero");
    }
    return divisor;
  }

  private static double nonZero(double divisor) {
    if (divisor == 0) {
      throw TemplateError.broken("something is divided by zero");
    }
    return divisor;
  }

  private static Long exact(java.util.function.LongSupplier operation) {
    try {
      return operation.getAsLong();
    } catch (ArithmeticException e) {
      throw TemplateError.unsupported("an integer of more than 64 bits");
    }
  }
}
