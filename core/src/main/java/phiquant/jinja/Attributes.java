package phiquant.jinja;

import static phiquant.jinja.Arguments.or;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Namespace;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;
import phiquant.jinja.Values.View;

/**
 * What {@code value.name}, {@code value[index]} and slices give: methods first for the one, items
 * first for the other, and what is not there is undefined. As in Jinja's immutable sandbox, nothing
 * can be changed.
 */
final class Attributes {
  private static final List<String> DICT = List.of("get", "items", "keys", "values");
  private static final List<String> LIST = List.of("count", "index");

  /** Python has these, and here they are refused by name: most would change the value. */
  private static final Map<String, List<String>> REFUSED =
      Map.of(
          "dict",
          List.of("clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update"),
          "list",
          List.of(
              "append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort"),
          "range",
          List.of("start", "stop", "step"),
          "int",
          List.of(
              "as_integer_ratio",
              "bit_count",
              "bit_length",
              "conjugate",
              "denominator",
              "from_bytes",
              "imag",
              "is_integer",
              "numerator",
              "real",
              "to_bytes"),
          "float",
          List.of("as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real"));

  private final Budget budget;
  private final Python python;
  private final StringMethods strings;

  Attributes(Budget budget, Python python, StringMethods strings) {
    this.budget = budget;
    this.python = python;
    this.strings = strings;
  }

  /** {@code value.name}. */
  Object attribute(Object value, String name) {
    Object member = member(value, name);
    if (member != Arguments.ABSENT) {
      return member;
    }
    return value instanceof Map<?, ?> map && map.containsKey(name)
        ? map.get(name)
        : new Undefined(name);
  }

  /** {@code value[index]}. */
  Object item(Object value, Object index) {
    if (value instanceof Undefined undefined) {
      throw Python.undefined(undefined);
    }
    if (value instanceof Map<?, ?> map) {
      Object key = Python.key(index);
      if (map.containsKey(key)) {
        return map.get(key);
      }
    } else if (Python.number(index) instanceof Long place) {
      return at(value, place);
    }
    Object member = index instanceof String name ? member(value, name) : Arguments.ABSENT;
    return member == Arguments.ABSENT ? new Undefined(String.valueOf(index)) : member;
  }

  private Object at(Object value, long place) {
    String text = value instanceof String string ? string : null;
    List<?> list = value instanceof List<?> items ? items : null;
    int count =
        text != null ? text.codePointCount(0, text.length()) : list != null ? list.size() : 0;
    budget.scan(text == null ? 0 : text.length());
    long at = place < 0 ? place + count : place;
    if (at < 0 || at >= count) {
      return new Undefined("" + place);
    }
    return list != null
        ? list.get((int) at)
        : Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at)));
  }

  /** What Python's {@code getattr} has, or {@link Arguments#ABSENT}. */
  private Object member(Object value, String name) {
    if (value instanceof Undefined undefined) {
      throw name.startsWith("__")
          ? TemplateError.unsupported("an attribute of what is undefined")
          : Python.undefined(undefined);
    }
    if (value instanceof Markup) {
      throw Python.markup();
    }
    if (name.startsWith("__")) {
      return Arguments.ABSENT; // The sandbox hides what Python has of its own.
    }
    if (value instanceof Namespace namespace) {
      Map<Object, Object> members = namespace.attributes();
      return members.containsKey(name) ? members.get(name) : Arguments.ABSENT;
    }
    if (value instanceof Loop loop) {
      return loop.attribute(name);
    }
    if (value instanceof String text && StringMethods.has(name)) {
      return new Function(name, given -> strings.call(text, name, given));
    }
    if (value instanceof Map<?, ?> map && DICT.contains(name)) {
      return new Function(name, given -> dict(map, name, given));
    }
    if (value instanceof List<?> list && LIST.contains(name)) {
      return new Function(name, given -> list(list, name, given));
    }
    String type = Python.type(value).replace("bool", "int");
    if (value instanceof Function || REFUSED.getOrDefault(type, List.of()).contains(name)) {
      throw TemplateError.unsupported("the attribute '" + name + "' of a " + type);
    }
    return Arguments.ABSENT;
  }

  private Object dict(Map<?, ?> map, String method, Arguments given) {
    if (method.equals("get")) {
      Object[] bound = given.bind("get", "key", "default?");
      Object key = Python.key(bound[0]);
      return map.containsKey(key) ? map.get(key) : or(bound[1], null);
    }
    given.bind(method);
    return view(map, method);
  }

  /** Pairs, keys or values of a dict. */
  View view(Map<?, ?> map, String method) {
    budget.make(map.size() * 2.0);
    List<Object> items = new ArrayList<>();
    map.forEach(
        (key, item) ->
            items.add(
                switch (method) {
                  case "keys" -> key;
                  case "values" -> item;
                  default -> new Tuple(key, item);
                }));
    return new View("dict_" + method, Collections.unmodifiableList(items));
  }

  private Object list(List<?> list, String method, Arguments given) {
    Object wanted = given.bind(method, "value")[0];
    long count = 0;
    for (int i = 0; i < list.size(); i++) {
      if (python.equal(list.get(i), wanted)) {
        if (method.equals("index")) {
          return (long) i;
        }
        count++;
      }
    }
    if (method.equals("index")) {
      throw TemplateError.broken("a list does not hold what 'index' looks for");
    }
    return count;
  }

  /** {@code value[from:to:step]}; each may be null. */
  Object slice(Object value, Object from, Object to, Object step) {
    if (value instanceof Undefined undefined) {
      throw Python.undefined(undefined);
    }
    if (!(value instanceof String) && !(value instanceof List)) {
      // Undefined or an error, as Jinja knows the value before it renders or not.
      throw TemplateError.unsupported("a slice of a " + Python.type(value));
    }
    int by = step == null ? 1 : Python.index(step, "a step");
    if (by == 0) {
      throw TemplateError.broken("a slice has the step 0");
    }
    int[] letters = value instanceof String text ? letters(text) : null;
    List<?> list = letters == null ? (List<?>) value : null;
    int length = letters == null ? list.size() : letters.length;
    int first = place(from, by > 0 ? 0 : length - 1, length, by);
    int end = place(to, by > 0 ? length : -1, length, by);
    long count = Math.max(0, ((long) end - first + by - Integer.signum(by)) / by);
    budget.make(count);
    if (letters != null) {
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < count; i++) {
        out.appendCodePoint(letters[first + i * by]);
      }
      return out.toString();
    }
    if (value instanceof Values.Range range) {
      return new Values.Range(range.start + first * range.step, range.step * by, (int) count);
    }
    Object[] items = new Object[(int) count];
    for (int i = 0; i < count; i++) {
      items[i] = list.get(first + i * by);
    }
    return value instanceof Tuple ? new Tuple(items) : new ArrayList<>(Arrays.asList(items));
  }

  private int[] letters(String text) {
    budget.make(text.length() * 2.0);
    return text.codePoints().toArray();
  }

  private static int place(Object index, int otherwise, int length, int step) {
    if (index == null) {
      return otherwise;
    }
    int place = Python.index(index, "a slice");
    place = place < 0 ? place + length : place;
    return step > 0 ? Math.clamp(place, 0, length) : Math.clamp(place, -1, length - 1);
  }
}
