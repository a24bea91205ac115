package phiquant.jinja;

import java.util.List;
import java.util.Map;
import phiquant.checkpoint.PythonJson;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Range;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;
import phiquant.jinja.Values.View;

/** Values as text: Python's {@code str} and {@code repr}, and what it takes for white space. */
final class PythonText {
  private final Budget budget;

  PythonText(Budget budget) {
    this.budget = budget;
  }

  /** What {@code {{ value }}} prints. */
  String str(Object value) {
    return switch (Values.present(value)) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Undefined nothing -> "";
      default -> {
        StringBuilder out = new StringBuilder();
        repr(value, out);
        yield out.toString();
      }
    };
  }

  String repr(Object value) {
    StringBuilder out = new StringBuilder();
    repr(value, out);
    return out.toString();
  }

  private void repr(Object value, StringBuilder out) {
    budget.enter();
    int before = out.length();
    switch (value) {
      case null -> out.append("None");
      case Boolean truth -> out.append(truth ? "True" : "False");
      case Long number -> out.append(number);
      case Double number -> out.append(number(number));
      case String text -> quote(text, out);
      case Undefined nothing -> out.append("Undefined");
      case Tuple tuple -> {
        out.append('(');
        join(tuple, out);
        out.append(tuple.size() == 1 ? ",)" : ")");
      }
      case Range range -> {
        long end = range.start + range.size * range.step;
        if (range.step != 1 || range.size == 0) {
          // How it was written is not kept.
          throw TemplateError.unsupported("printing a range");
        }
        out.append("range(").append(range.start).append(", ").append(end).append(')');
      }
      case List<?> list -> {
        out.append('[');
        join(list, out);
        out.append(']');
      }
      case Map<?, ?> map -> dict(map, out);
      case View view -> {
        out.append(view.kind()).append("([");
        join(view.items(), out);
        out.append("])");
      }
      default -> throw TemplateError.unsupported("printing a " + Python.type(value));
    }
    budget.make(value instanceof String ? out.length() - before : 8);
    budget.leave();
  }

  private void join(List<?> items, StringBuilder out) {
    String comma = "";
    for (Object item : items) {
      out.append(comma);
      repr(item, out);
      comma = ", ";
    }
  }

  private void dict(Map<?, ?> map, StringBuilder out) {
    String comma = "{";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(comma);
      repr(entry.getKey(), out);
      out.append(": ");
      repr(entry.getValue(), out);
      comma = ", ";
    }
    out.append(map.isEmpty() ? "{}" : "}");
  }

  static String number(double number) {
    return Double.isNaN(number)
        ? "nan"
        : Double.isInfinite(number) ? (number > 0 ? "inf" : "-inf") : PythonJson.number(number);
  }

  private void quote(String text, StringBuilder out) {
    budget.make(text.length());
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                  } else {
                    out.append(
                        (c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
                  }
                }
              }
            });
    out.append(quote);
  }

  static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }

  /** Python's {@code str.isspace} for a character; Java's leaves out no-break spaces. */
  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static String rstrip(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  static String lstrip(String text) {
    int start = 0;
    while (start < text.length() && isSpace(text.charAt(start))) {
      start++;
    }
    return text.substring(start);
  }
}
