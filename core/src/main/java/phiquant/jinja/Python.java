package phiquant.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.jinja.Values.Generator;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Range;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;
import phiquant.jinja.Values.View;

/** What Python's operators and built-in functions ask of values of any kind. */
final class Python {
  private final Budget budget;

  Python(Budget budget) {
    this.budget = budget;
  }

  static boolean truth(Object value) {
    return switch (value) {
      case null -> false;
      case Boolean truth -> truth;
      case Long number -> number != 0;
      case Double number -> number != 0;
      case String text -> !text.isEmpty();
      case Markup markup -> !markup.text().isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      case View view -> !view.items().isEmpty();
      case Undefined none -> false;
      default -> true;
    };
  }

  /** Python's name of a value's kind. */
  static String type(Object value) {
    return switch (value) {
      case null -> "NoneType";
      case Boolean truth -> "bool";
      case Long number -> "int";
      case Double number -> "float";
      case String text -> "str";
      case Markup markup -> "Markup";
      case Tuple tuple -> "tuple";
      case Range range -> "range";
      case List<?> list -> "list";
      case Map<?, ?> map -> "dict";
      case View view -> view.kind();
      case Generator generator -> "generator";
      case Undefined undefined -> "Undefined";
      default -> value.getClass().getSimpleName();
    };
  }

  static TemplateError wrongType(String operation, Object... values) {
    List<String> types = new ArrayList<>();
    for (Object value : values) {
      if (value instanceof Undefined undefined) {
        return undefined(undefined);
      }
      types.add(type(value));
    }
    return TemplateError.broken(operation + " cannot be done with " + String.join(" and ", types));
  }

  static TemplateError undefined(Undefined undefined) {
    return TemplateError.broken("'" + undefined.name() + "' is undefined");
  }

  static boolean isNumber(Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  /** A truth counts as 0 or 1. */
  static Object number(Object value) {
    return value instanceof Boolean truth ? (Object) (truth ? 1L : 0L) : value;
  }

  boolean equal(Object a, Object b) {
    budget.enter();
    try {
      return equalValues(a, b);
    } finally {
      budget.leave();
    }
  }

  private boolean equalValues(Object a, Object b) {
    if (a instanceof Markup || b instanceof Markup) {
      throw markup();
    }
    if (a == b) {
      return true;
    }
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b) == 0;
    }
    if (a == null || b == null || !type(a).equals(type(b))) {
      return false;
    }
    return switch (a) {
      case String text -> {
        int length = ((String) b).length();
        budget.scan(text.length() == length ? length : 0);
        yield text.equals(b);
      }
      case Undefined undefined -> true;
      case List<?> list -> equalLists(list, (List<?>) b);
      case Map<?, ?> map -> equalDicts(map, (Map<?, ?>) b);
      case View view -> throw TemplateError.unsupported("comparing views of dicts");
      default -> false;
    };
  }

  private boolean equalLists(List<?> a, List<?> b) {
    boolean same = a.size() == b.size();
    for (int i = 0; same && i < a.size(); i++) {
      same = equal(a.get(i), b.get(i));
    }
    return same;
  }

  private boolean equalDicts(Map<?, ?> a, Map<?, ?> b) {
    boolean same = a.size() == b.size();
    for (Map.Entry<?, ?> entry : a.entrySet()) {
      same = same && b.containsKey(entry.getKey());
      same = same && equal(entry.getValue(), b.get(entry.getKey()));
    }
    return same;
  }

  static TemplateError markup() {
    return TemplateError.unsupported("working with what 'safe' or 'escape' gave");
  }

  /** NaN is none of a value's neighbours: it gives 2. */
  private static int compareNumbers(Object one, Object other) {
    Object a = number(one);
    Object b = number(other);
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    double x = ((Number) a).doubleValue();
    double y = ((Number) b).doubleValue();
    return Double.isNaN(x) || Double.isNaN(y) ? 2 : x == y ? 0 : x < y ? -1 : 1;
  }

  /** Below, at or above 0; 2 if neither (NaN). */
  int compare(Object a, Object b) {
    budget.enter();
    try {
      if (isNumber(a) && isNumber(b)) {
        return compareNumbers(a, b);
      }
      if (a instanceof String x && b instanceof String y) {
        budget.scan(Math.min(x.length(), y.length()));
        return compareTexts(x, y);
      }
      if (a instanceof List<?> x && b instanceof List<?> y && type(a).equals(type(b))) {
        for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
          if (!equal(x.get(i), y.get(i))) {
            return compare(x.get(i), y.get(i));
          }
        }
        return Integer.compare(x.size(), y.size());
      }
      throw wrongType("a comparison", a, b);
    } finally {
      budget.leave();
    }
  }

  /** By code points; Java's own order is another one beyond U+FFFF. */
  private static int compareTexts(String x, String y) {
    for (int i = 0; i < Math.min(x.length(), y.length()); i++) {
      char a = x.charAt(i);
      char b = y.charAt(i);
      if (a != b) {
        return Character.isSurrogate(a) == Character.isSurrogate(b)
            ? Integer.signum(a - b)
            : Character.isSurrogate(a) ? 1 : -1;
      }
    }
    return Integer.compare(x.length(), y.length());
  }

  /** What a loop over a value sees. */
  List<Object> items(Object value) {
    switch (Values.present(value)) {
      case Range range -> {
        budget.make(range.size);
        return range;
      }
      case List<?> list -> {
        budget.steps(list.size() / 16);
        @SuppressWarnings("unchecked")
        List<Object> items = (List<Object>) list;
        return items;
      }
      case Map<?, ?> map -> {
        budget.make(map.size());
        return new ArrayList<>(map.keySet());
      }
      case View view -> {
        return view.items();
      }
      case String text -> {
        budget.make(8.0 * text.length());
        List<Object> letters = new ArrayList<>(text.length());
        text.codePoints().forEach(c -> letters.add(Character.toString(c)));
        return letters;
      }
      case Generator generator -> {
        List<Object> items = new ArrayList<>();
        generator.rest().forEachRemaining(items::add);
        budget.make(items.size());
        return items;
      }
      case Undefined nothing -> {
        return List.of();
      }
      default -> throw wrongType("a loop", value);
    }
  }

  static boolean canLoop(Object value) {
    return value instanceof List
        || value instanceof Map
        || value instanceof View
        || value instanceof String
        || value instanceof Markup
        || value instanceof Generator
        || value instanceof Undefined;
  }

  /** {@code len(value)}. */
  long length(Object value) {
    return switch (Values.present(value)) {
      case String text -> {
        budget.scan(text.length());
        yield text.codePointCount(0, text.length());
      }
      case Markup markup -> markup.text().codePointCount(0, markup.text().length());
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case View view -> view.items().size();
      case Undefined nothing -> 0;
      default -> throw wrongType("counting", value);
    };
  }

  boolean contains(Object whole, Object part) {
    switch (Values.present(whole)) {
      case String text -> {
        if (!(part instanceof String piece)) {
          throw wrongType("'in' a text", part);
        }
        budget.scan((double) text.length() * (1 + Math.min(piece.length(), 1024)) / 8);
        return text.contains(piece);
      }
      case Map<?, ?> map -> {
        return map.containsKey(key(part));
      }
      case Markup text -> throw markup();
      default -> {
        for (Object item : items(whole)) {
          if (equal(item, part)) {
            return true;
          }
        }
        return false;
      }
    }
  }

  /** A value as a dict's key. */
  static Object key(Object value) {
    Object key = value instanceof Double number && number == number.longValue() ? null : value;
    if (value instanceof List<?> list && !(list instanceof Tuple)
        || value instanceof Map
        || value instanceof View) {
      throw TemplateError.broken(type(value) + " cannot be a key");
    }
    if (value != null && !(key instanceof String) && !(key instanceof Long)) {
      throw TemplateError.unsupported("a " + type(value) + " as a key");
    }
    return key;
  }

  /** An integer argument. */
  static int index(Object value, String what) {
    if (number(value) instanceof Long number) {
      return (int) Math.max(Integer.MIN_VALUE + 2, Math.min(Integer.MAX_VALUE - 1, number));
    }
    throw wrongType(what, value);
  }
}
