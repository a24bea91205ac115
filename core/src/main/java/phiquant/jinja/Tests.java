package phiquant.jinja;

import java.util.List;
import java.util.Map;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Undefined;

/** Jinja's tests: what may stand behind {@code is}. Source: jinja2/tests.py. */
final class Tests {
  private final Python python;
  private final PythonText text;

  Tests(Python python, PythonText text) {
    this.python = python;
    this.text = text;
  }

  boolean test(String name, Object value, Arguments given) {
    return switch (name) {
      case "eq", "==", "equalto" -> python.equal(value, other(name, given));
      case "ne", "!=" -> !python.equal(value, other(name, given));
      case "lt", "<", "lessthan" -> python.compare(value, other(name, given)) == -1;
      case "gt", ">", "greaterthan" -> python.compare(value, other(name, given)) == 1;
      case "le", "<=" -> List.of(-1, 0).contains(python.compare(value, other(name, given)));
      case "ge", ">=" -> List.of(1, 0).contains(python.compare(value, other(name, given)));
      case "in" -> python.contains(other(name, given), value);
      case "sameas" -> same(value, other(name, given));
      case "divisibleby" -> remainder(value, other(name, given)) == 0;
      case "filter" -> Filters.NAMES.contains(other(name, given));
      case "test" -> NAMES.contains(other(name, given));
      default -> {
        if (!NAMES.contains(name)) {
          throw TemplateError.broken("there is no test '" + name + "'");
        }
        given.bind(name);
        yield plain(name, value);
      }
    };
  }

  static final List<String> NAMES =
      List.of(
          "odd",
          "even",
          "divisibleby",
          "defined",
          "undefined",
          "filter",
          "test",
          "none",
          "boolean",
          "false",
          "true",
          "integer",
          "float",
          "lower",
          "upper",
          "string",
          "mapping",
          "number",
          "sequence",
          "iterable",
          "callable",
          "sameas",
          "escaped",
          "in",
          "==",
          "eq",
          "equalto",
          "!=",
          "ne",
          ">",
          "gt",
          "greaterthan",
          "ge",
          ">=",
          "<",
          "lt",
          "lessthan",
          "<=",
          "le");

  private boolean plain(String name, Object value) {
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == null;
      case "boolean" -> value instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "number" -> Python.isNumber(value);
      case "string" -> value instanceof String || value instanceof Markup;
      case "mapping" -> value instanceof Map;
      case "iterable" -> Python.canLoop(value);
      case "sequence" ->
          value instanceof String
              || value instanceof Markup
              || value instanceof List
              || value instanceof Map
              || value instanceof Undefined;
      case "callable" ->
          value instanceof Function || value instanceof Undefined || value instanceof Loop;
      case "escaped" -> value instanceof Markup;
      case "odd" -> remainder(value, 2L) == 1;
      case "even" -> remainder(value, 2L) == 0;
      case "lower", "upper" -> {
        boolean lower = name.equals("lower");
        String word = text.str(value);
        yield word.equals(
                lower
                    ? word.toLowerCase(java.util.Locale.ROOT)
                    : word.toUpperCase(java.util.Locale.ROOT))
            && word.codePoints().anyMatch(Character::isLetter);
      }
      default -> throw new IllegalStateException(name);
    };
  }

  private static Object other(String name, Arguments given) {
    return given.bind(name, "other")[0];
  }

  private static boolean same(Object a, Object b) {
    if (a == b || a instanceof Boolean && a.equals(b)) {
      return true;
    }
    if (a != null && b != null && a.equals(b)) {
      throw TemplateError.unsupported("'sameas' for equal values");
    }
    return false;
  }

  private static double remainder(Object value, Object by) {
    if (Python.number(value) instanceof Long x && Python.number(by) instanceof Long y && y != 0) {
      return Math.floorMod(x, y);
    }
    if (Python.isNumber(value) && Python.isNumber(by)) {
      throw TemplateError.unsupported("the remainder of a float in a test");
    }
    throw Python.wrongType("a remainder", value, by);
  }
}
