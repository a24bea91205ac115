package phiquant.jinja;

import static phiquant.jinja.Arguments.or;
import static phiquant.jinja.Arguments.text;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import phiquant.jinja.Values.Markup;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;

/** Jinja's filters for single values and texts. Source: jinja2/filters.py. */
final class Filters {
  static final List<String> NAMES =
      List.of(
          "abs",
          "attr",
          "batch",
          "capitalize",
          "center",
          "count",
          "d",
          "default",
          "dictsort",
          "e",
          "escape",
          "filesizeformat",
          "first",
          "float",
          "forceescape",
          "format",
          "groupby",
          "indent",
          "int",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "items",
          "map",
          "min",
          "max",
          "pprint",
          "random",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "slice",
          "sort",
          "string",
          "striptags",
          "sum",
          "title",
          "trim",
          "truncate",
          "unique",
          "upper",
          "urlencode",
          "urlize",
          "wordcount",
          "wordwrap",
          "xmlattr",
          "tojson");

  private static final Pattern WORD_BEGINS =
      Pattern.compile("(?<=[-\\s({\\[<])(?![-\\s({\\[<])|(?<![-\\s({\\[<])(?=[-\\s({\\[<])");

  private final Interpreter in;
  private final ListFilters lists;

  Filters(Interpreter in) {
    this.in = in;
    this.lists = new ListFilters(in, this);
  }

  Object filter(String name, Object value, Arguments given) {
    return switch (name) {
      case "default", "d" -> {
        Object[] bound = given.bind(name, "default_value?", "boolean?");
        boolean missing =
            value instanceof Undefined || Python.truth(or(bound[1], false)) && !Python.truth(value);
        yield missing ? or(bound[0], "") : value;
      }
      case "tojson" -> PythonDumps.of(in.budget, value, given);
      case "abs" -> {
        given.bind(name);
        yield switch (Values.present(Python.number(value))) {
          case Long number -> Math.abs(number);
          case Double number -> Math.abs(number);
          default -> throw Python.wrongType("abs", value);
        };
      }
      case "attr" -> {
        String attribute = text(given.bind(name, "name")[0], name);
        Object found = in.attributes.attribute(value, attribute);
        // Items are not attributes.
        yield value instanceof Map && !(found instanceof Values.Function)
            ? new Undefined(attribute)
            : found;
      }
      case "int", "float" -> Numbers.convert(name, value, given);
      case "round" -> Numbers.round(value, given);
      case "string" -> {
        given.bind(name);
        yield value instanceof Markup ? value : in.text.str(value);
      }
      case "safe" -> {
        given.bind(name);
        yield value instanceof Markup ? value : new Markup(in.text.str(value));
      }
      case "escape", "e" -> {
        given.bind(name);
        yield value instanceof Markup ? value : new Markup(escaped(in.text.str(value)));
      }
      case "forceescape" -> {
        given.bind(name);
        yield new Markup(escaped(in.text.str(value)));
      }
      case "upper", "lower", "capitalize" -> {
        given.bind(name);
        yield in.strings.call(plain(value), name, Arguments.of());
      }
      case "title" -> {
        given.bind(name);
        yield title(plain(value));
      }
      case "trim" -> {
        Object set = given.bind(name, "chars?")[0];
        in.budget.make(8);
        yield in.strings.stripped(plain(value), set, true, true);
      }
      case "center" -> {
        int width = Python.index(or(given.bind(name, "width?")[0], 80L), name);
        yield in.strings.padded(plain(value), name, width, " ");
      }
      case "replace" -> {
        Object[] bound = given.bind(name, "old", "new", "count?");
        Object most = or(bound[2], null);
        yield in.strings.replaced(
            plain(value),
            plain(bound[0]),
            plain(bound[1]),
            most == null ? -1 : Python.index(most, name));
      }
      case "indent" -> indent(text(value, name), given);
      case "format" -> format(plain(value), given);
      case "truncate" -> truncate(value, given);
      case "wordcount" -> {
        given.bind(name);
        yield wordCount(plain(value));
      }
      case "urlencode" -> {
        given.bind(name);
        yield encoded(value);
      }
      case "filesizeformat",
          "pprint",
          "random",
          "striptags",
          "urlize",
          "wordwrap",
          "xmlattr",
          "groupby" ->
          throw TemplateError.unsupported("the filter '" + name + "'");
      default -> {
        if (!NAMES.contains(name)) {
          throw TemplateError.broken("there is no filter '" + name + "'");
        }
        yield lists.filter(name, value, given);
      }
    };
  }

  /** What filters for texts do with other values: {@code soft_str}. */
  String plain(Object value) {
    if (value instanceof Markup) {
      throw Python.markup();
    }
    return in.text.str(value);
  }

  private String escaped(String s) {
    in.budget.make(s.length() * 5.0);
    return s.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  private String title(String s) {
    in.budget.make(s.length() * 2.0);
    StringBuilder out = new StringBuilder();
    for (String word : WORD_BEGINS.split(s)) {
      out.append(StringMethods.capitalized(word));
    }
    return out.toString();
  }

  private String indent(String s, Arguments given) {
    Object[] bound = given.bind("indent", "width?", "first?", "blank?");
    Object width = or(bound[0], 4L);
    int spaces = width instanceof String ? 0 : Math.max(0, Python.index(width, "indent"));
    in.budget.make(spaces);
    String by = width instanceof String indent ? indent : " ".repeat(spaces);
    boolean blank = Python.truth(or(bound[2], false));
    List<Object> lines = Splitting.lines(in.budget, s + "\n", false);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      String line = (String) lines.get(i);
      boolean indented = i == 0 ? Python.truth(or(bound[1], false)) : blank || !line.isEmpty();
      in.budget.make(by.length() + (double) line.length());
      out.append(i == 0 ? "" : "\n").append(indented ? by : "").append(line);
    }
    return out.toString();
  }

  private String format(String pattern, Arguments given) {
    if (!given.named().isEmpty() && !given.positional().isEmpty()) {
      throw TemplateError.broken("format takes values or names, not both");
    }
    Object values =
        given.named().isEmpty()
            ? new Tuple(given.positional().toArray())
            : (Object) new java.util.LinkedHashMap<Object, Object>(given.named());
    return (String) in.operators.binary("%", pattern, values);
  }

  private Object truncate(Object value, Arguments given) {
    Object[] bound = given.bind("truncate", "length?", "killwords?", "end?", "leeway?");
    int length = Python.index(or(bound[0], 255L), "truncate");
    String end = text(or(bound[2], "..."), "truncate");
    Object leeway = or(bound[3], null);
    int more = leeway == null ? 5 : Python.index(leeway, "truncate");
    int ends = end.codePointCount(0, end.length());
    if (length < ends || more < 0) {
      throw TemplateError.broken("truncate leaves no room");
    }
    if (in.python.length(value) <= (long) length + more) {
      return value;
    }
    String s = text(value, "truncate");
    in.budget.make(s.length() * 2.0);
    int[] letters = s.codePoints().toArray();
    String cut = new String(letters, 0, length - ends);
    if (!Python.truth(or(bound[1], false)) && cut.lastIndexOf(' ') >= 0) {
      cut = cut.substring(0, cut.lastIndexOf(' '));
    }
    return cut + end;
  }

  private Object wordCount(String s) {
    in.budget.make(s.length() / 4.0);
    return Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS).matcher(s).results().count();
  }

  private String encoded(Object value) {
    if (!(value instanceof String) && !(value == null) && Python.canLoop(value)) {
      throw TemplateError.unsupported("'urlencode' for lists and dicts");
    }
    StringBuilder out = new StringBuilder();
    byte[] bytes = plain(value).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    in.budget.make(bytes.length * 3.0);
    for (byte b : bytes) {
      boolean kept =
          b >= '0' && b <= '9'
              || b >= 'A' && b <= 'Z'
              || b >= 'a' && b <= 'z'
              || "_.-~/".indexOf(b) >= 0;
      out.append(kept ? (char) b : "%" + "%02x".formatted(b).toUpperCase(Locale.ROOT));
    }
    return out.toString();
  }
}
