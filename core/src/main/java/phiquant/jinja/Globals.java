package phiquant.jinja;

import static phiquant.jinja.Arguments.or;

import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Namespace;
import phiquant.jinja.Values.Range;

/** What every template can call: Jinja's functions and transformers' two. */
final class Globals {
  /** The sandbox's limit. */
  private static final long LONGEST_RANGE = 100_000;

  private final Interpreter in;
  private final Map<String, Function> functions = new LinkedHashMap<>();

  Globals(Interpreter in) {
    this.in = in;
    add("range", this::range);
    add("dict", given -> dict("dict", given));
    add("namespace", this::namespace);
    add(
        "raise_exception",
        given -> {
          String message = in.text.str(given.bind("raise_exception", "message")[0]);
          throw new TemplateError(TemplateError.Kind.RAISED, message);
        });
    add(
        "strftime_now",
        given -> {
          String format = Arguments.text(given.bind("strftime_now", "format")[0], "strftime_now");
          in.budget.make(format.length() * 32.0);
          return Strftime.format(ZonedDateTime.now(), format);
        });
    for (String name : List.of("lipsum", "cycler", "joiner")) {
      add(
          name,
          given -> {
            throw TemplateError.unsupported("the function '" + name + "'");
          });
    }
  }

  private void add(String name, Function.Body body) {
    functions.put(name, new Function(name, body));
  }

  /** The function of a name, or {@link Arguments#ABSENT}. */
  Object get(String name) {
    Function function = functions.get(name);
    return function == null ? Arguments.ABSENT : function;
  }

  private Object range(Arguments given) {
    Object[] bound = given.bind("range", "start", "stop?", "step?");
    for (Object each : bound) {
      if (each != Arguments.ABSENT && !(Python.number(each) instanceof Long)) {
        throw Python.wrongType("range", each);
      }
    }
    boolean single = bound[1] == Arguments.ABSENT;
    long start = single ? 0 : (Long) Python.number(bound[0]);
    long stop = (Long) Python.number(single ? bound[0] : bound[1]);
    long step = (Long) Python.number(or(bound[2], 1L));
    if (step == 0) {
      throw TemplateError.broken("a range has the step 0");
    }
    double size = Math.max(0, Math.ceil(((double) stop - start) / step));
    if (size > LONGEST_RANGE) {
      throw TemplateError.broken("a range has more than " + LONGEST_RANGE + " numbers");
    }
    return new Range(start, step, (int) size);
  }

  private Map<Object, Object> dict(String name, Arguments given) {
    Map<Object, Object> dict = Values.dict();
    if (given.positional().size() > 1) {
      throw TemplateError.broken(name + " takes one value at most");
    }
    for (Object from : given.positional()) {
      if (from instanceof Map<?, ?> map) {
        dict.putAll(map);
      } else {
        for (Object pair : in.python.items(from)) {
          if (!(pair instanceof List<?> two) || two.size() != 2) {
            throw TemplateError.broken(name + " is made of pairs");
          }
          dict.put(Python.key(two.get(0)), two.get(1));
        }
      }
    }
    dict.putAll(given.named());
    given.named().clear();
    in.budget.make(dict.size() * 4.0);
    return dict;
  }

  private Object namespace(Arguments given) {
    Map<Object, Object> attributes = dict("namespace", given);
    attributes.keySet().forEach(Globals::checkAttribute);
    return new Namespace(attributes);
  }

  /** transformers 5 refuses names that begin with an underscore. */
  static void checkAttribute(Object name) {
    if (name instanceof String text && text.startsWith("_")) {
      throw TemplateError.broken("a namespace cannot have an attribute '" + text + "'");
    }
  }
}
