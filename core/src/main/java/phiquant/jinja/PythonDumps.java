package phiquant.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The filter {@code tojson} as transformers has it: Python's {@code json.dumps}. */
final class PythonDumps {
  private final Budget budget;
  private final boolean ascii;
  private final String indent;
  private final String comma;
  private final String colon;
  private final boolean sorted;
  private final StringBuilder out = new StringBuilder();

  private PythonDumps(
      Budget budget, boolean ascii, String indent, String comma, String colon, boolean sorted) {
    this.budget = budget;
    this.ascii = ascii;
    this.indent = indent;
    this.comma = comma;
    this.colon = colon;
    this.sorted = sorted;
  }

  /** The text of a value, with the options that the filter was given. */
  static String of(Budget budget, Object value, Arguments options) {
    Object[] bound =
        options.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?");
    Object indent = Arguments.or(bound[1], null);
    if (!(indent == null || indent instanceof String || Python.number(indent) instanceof Long)) {
      throw Python.wrongType("'indent' of tojson", indent);
    }
    String by =
        indent == null
            ? null
            : indent instanceof String text
                ? text
                : " ".repeat(Math.clamp(Python.index(indent, "indent"), 0, 100));
    String comma = indent == null ? ", " : ",";
    String colon = ": ";
    if (Arguments.or(bound[2], null) instanceof List<?> pair) {
      if (pair.size() != 2) {
        throw TemplateError.broken("'separators' of tojson are two");
      }
      comma = Arguments.text(pair.get(0), "separators");
      colon = Arguments.text(pair.get(1), "separators");
    } else if (Arguments.or(bound[2], null) != null) {
      throw Python.wrongType("'separators' of tojson", bound[2]);
    }
    PythonDumps dumps =
        new PythonDumps(
            budget,
            Python.truth(Arguments.or(bound[0], false)),
            by,
            comma,
            colon,
            Python.truth(Arguments.or(bound[3], false)));
    dumps.write(value, 0);
    return dumps.out.toString();
  }

  private void write(Object value, int level) {
    budget.enter();
    switch (Values.present(value)) {
      case Boolean truth -> out.append(truth);
      case Long number -> out.append(number);
      case Double number -> out.append(number(number));
      case String text -> quote(text);
      case Values.Range range -> throw Python.wrongType("tojson", range);
      case List<?> list -> {
        Map<String, Object> items = new LinkedHashMap<>();
        for (int i = 0; i < list.size(); i++) {
          items.put("" + i, list.get(i));
        }
        block('[', items, false, ']', level);
      }
      case Map<?, ?> map -> block('{', entries(map), true, '}', level);
      default -> {
        if (value != null) {
          throw Python.wrongType("tojson", value);
        }
        out.append("null");
      }
    }
    budget.make(8);
    budget.leave();
  }

  private static String number(double number) {
    return Double.isNaN(number)
        ? "NaN"
        : Double.isInfinite(number)
            ? (number > 0 ? "Infinity" : "-Infinity")
            : PythonText.number(number);
  }

  private Map<String, Object> entries(Map<?, ?> map) {
    List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
    if (sorted) {
      Python python = new Python(budget);
      Comparator<Object> order = python::compare;
      entries.sort((a, b) -> order.compare(a.getKey(), b.getKey()));
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : entries) {
      String name = entry.getKey() == null ? "null" : String.valueOf(entry.getKey());
      if (named.put(name, entry.getValue()) != null) {
        throw TemplateError.unsupported("a dict with a number and its text as keys in tojson");
      }
    }
    return named;
  }

  private void block(char open, Map<String, Object> items, boolean named, char close, int level) {
    out.append(open);
    String before = "";
    for (Map.Entry<String, Object> item : items.entrySet()) {
      out.append(before);
      line(level + 1);
      if (named) {
        quote(item.getKey());
        out.append(colon);
      }
      write(item.getValue(), level + 1);
      before = comma;
      budget.make(comma.length() + (double) colon.length());
    }
    if (!items.isEmpty()) {
      line(level);
    }
    out.append(close);
  }

  private void line(int level) {
    if (indent != null) {
      budget.make((double) indent.length() * level);
      out.append('\n').append(indent.repeat(level));
    }
  }

  private void quote(String text) {
    budget.make(text.length() * 2.0);
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || (ascii && c > 0x7e)) {
            budget.make(6);
            out.append("\\u").append(java.util.HexFormat.of().toHexDigits(c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
