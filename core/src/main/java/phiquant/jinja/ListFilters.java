package phiquant.jinja;

import static phiquant.jinja.Arguments.or;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import phiquant.jinja.Values.Generator;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;

/** Jinja's filters for lists and other values that can be walked. Source: jinja2/filters.py. */
final class ListFilters {
  private final Interpreter in;
  private final Filters filters;

  ListFilters(Interpreter in, Filters filters) {
    this.in = in;
    this.filters = filters;
  }

  Object filter(String name, Object value, Arguments given) {
    return switch (name) {
      case "length", "count" -> {
        given.bind(name);
        yield in.python.length(value);
      }
      case "list" -> {
        given.bind(name);
        yield copy(value);
      }
      case "first", "last" -> end(name, value, given);
      case "join" -> join(value, given);
      case "items" -> {
        given.bind(name);
        yield switch (Values.present(value)) {
          case Undefined nothing -> generator(List.of());
          case Map<?, ?> map -> generator(in.attributes.view(map, "items").items());
          default -> throw Python.wrongType("items", value);
        };
      }
      case "reverse" -> {
        given.bind(name);
        if (value instanceof String text) {
          in.budget.make(text.length());
          yield new StringBuilder(text).reverse().toString();
        }
        List<Object> items = copy(value);
        Collections.reverse(items);
        yield generator(items);
      }
      case "sort" -> {
        Object[] bound = given.bind(name, "reverse?", "case_sensitive?", "attribute?");
        UnaryOperator<Object> key = key(or(bound[2], null), or(bound[1], false), true);
        // Jinja compares lists of attributes, in which all that is undefined is equal.
        yield sorted(
            copy(value), item -> new Tuple(key.apply(item)), Python.truth(or(bound[0], false)));
      }
      case "unique" -> unique(value, given);
      case "min", "max" -> extreme(name, value, given);
      case "sum" -> sum(value, given);
      case "map" -> map(value, given);
      case "select", "reject" -> {
        Predicate<Object> test = test(given.positional(), given.named());
        yield selected(value, item -> test.test(item) == name.equals("select"));
      }
      case "selectattr", "rejectattr" -> {
        if (given.positional().isEmpty()) {
          throw TemplateError.broken(name + " needs an attribute");
        }
        UnaryOperator<Object> attribute = getter(given.positional().get(0));
        List<Object> rest = given.positional().subList(1, given.positional().size());
        Predicate<Object> test = test(rest, given.named());
        boolean wanted = name.equals("selectattr");
        yield selected(value, item -> test.test(attribute.apply(item)) == wanted);
      }
      case "dictsort" -> dictSort(value, given);
      case "batch" -> batch(value, given);
      case "slice" -> throw TemplateError.unsupported("the filter 'slice'");
      default -> throw new IllegalStateException(name);
    };
  }

  private List<Object> copy(Object value) {
    List<Object> items = in.python.items(value);
    in.budget.make(items.size());
    return new ArrayList<>(items);
  }

  private static Generator generator(List<Object> items) {
    return new Generator(items.iterator());
  }

  private Object end(String name, Object value, Arguments given) {
    given.bind(name);
    if (value instanceof Generator && name.equals("last")) {
      throw Python.wrongType("last", value);
    }
    if (value instanceof Generator generator) {
      return generator.rest().hasNext()
          ? generator.rest().next()
          : new Undefined("the first of nothing");
    }
    List<Object> items = in.python.items(value);
    return items.isEmpty()
        ? new Undefined("the " + name + " of nothing")
        : name.equals("first") ? items.get(0) : items.get(items.size() - 1);
  }

  private String join(Object value, Arguments given) {
    Object[] bound = given.bind("join", "d?", "attribute?");
    String separator = in.text.str(or(bound[0], ""));
    Object attribute = or(bound[1], null);
    UnaryOperator<Object> get = attribute == null ? item -> item : getter(attribute);
    StringBuilder out = new StringBuilder();
    boolean first = true;
    for (Object item : in.python.items(value)) {
      String text = in.text.str(get.apply(item));
      in.budget.make(text.length() + (double) separator.length());
      out.append(first ? "" : separator).append(text);
      first = false;
    }
    return out.toString();
  }

  /** {@code a.b.0} of an item. */
  private UnaryOperator<Object> getter(Object attribute) {
    List<Object> steps = new ArrayList<>();
    if (attribute instanceof String path) {
      for (String step : path.split("\\.", -1)) {
        steps.add(step.matches("\\d{1,9}") ? (Object) Long.valueOf(step) : step);
      }
    } else {
      steps.add(attribute);
    }
    return item -> {
      Object value = item;
      for (Object step : steps) {
        in.budget.step();
        value = in.attributes.item(value, step);
      }
      return value;
    };
  }

  /** What is compared of an item. */
  private UnaryOperator<Object> key(Object attribute, Object caseSensitive, boolean several) {
    UnaryOperator<Object> get = item -> item;
    if (attribute instanceof String names && several && names.contains(",")) {
      List<UnaryOperator<Object>> all = new ArrayList<>();
      for (String name : names.split(",")) {
        all.add(key(name.strip(), caseSensitive, false));
      }
      return item -> {
        in.budget.make(all.size());
        return new ArrayList<>(all.stream().map(each -> each.apply(item)).toList());
      };
    }
    if (attribute != null) {
      get = getter(attribute);
    }
    if (Python.truth(caseSensitive)) {
      return get;
    }
    UnaryOperator<Object> exact = get;
    return item -> exact.apply(item) instanceof Object found ? lower(found) : null;
  }

  private Object lower(Object value) {
    if (value instanceof String text) {
      in.budget.make(text.length());
      return text.toLowerCase(Locale.ROOT);
    }
    return value;
  }

  private List<Object> sorted(List<Object> items, UnaryOperator<Object> key, boolean reverse) {
    List<Object[]> keyed = new ArrayList<>();
    for (Object item : items) {
      keyed.add(new Object[] {key.apply(item), item});
    }
    keyed.sort((a, b) -> reverse ? order(b[0], a[0]) : order(a[0], b[0]));
    return new ArrayList<>(keyed.stream().map(pair -> pair[1]).toList());
  }

  private int order(Object a, Object b) {
    int order = in.python.compare(a, b);
    if (order == 2) {
      throw TemplateError.unsupported("sorting what is not a number");
    }
    return order;
  }

  private Object unique(Object value, Arguments given) {
    Object[] bound = given.bind("unique", "case_sensitive?", "attribute?");
    UnaryOperator<Object> key = key(or(bound[1], null), or(bound[0], false), false);
    Map<Object, Object> first = new LinkedHashMap<>();
    for (Object item : in.python.items(value)) {
      in.budget.make(8);
      first.putIfAbsent(Python.key(key.apply(item)), new Object[] {item});
    }
    List<Object> items = new ArrayList<>();
    first.values().forEach(item -> items.add(((Object[]) item)[0]));
    return generator(items);
  }

  private Object extreme(String name, Object value, Arguments given) {
    Object[] bound = given.bind(name, "case_sensitive?", "attribute?");
    UnaryOperator<Object> key = key(or(bound[1], null), or(bound[0], false), false);
    Object best = new Undefined("the " + name + " of nothing");
    boolean first = true;
    for (Object item : in.python.items(value)) {
      int order = first ? 0 : in.python.compare(key.apply(item), key.apply(best));
      if (first || order == (name.equals("min") ? -1 : 1)) {
        best = item;
      }
      first = false;
    }
    return best;
  }

  private Object sum(Object value, Arguments given) {
    Object[] bound = given.bind("sum", "attribute?", "start?");
    Object attribute = or(bound[0], null);
    UnaryOperator<Object> get = attribute == null ? item -> item : getter(attribute);
    Object sum = or(bound[1], 0L);
    if (sum instanceof String) {
      throw Python.wrongType("sum", sum);
    }
    for (Object item : in.python.items(value)) {
      sum = in.operators.binary("+", sum, get.apply(item));
    }
    return sum;
  }

  private Object map(Object value, Arguments given) {
    List<Object> mapped = new ArrayList<>();
    UnaryOperator<Object> change;
    if (given.positional().isEmpty() && given.named().containsKey("attribute")) {
      Object attribute = given.named().remove("attribute");
      Object otherwise =
          given.named().containsKey("default") ? given.named().remove("default") : null;
      given.nothingElse("map");
      UnaryOperator<Object> get = getter(attribute);
      change =
          item ->
              get.apply(item) instanceof Undefined undefined
                  ? (otherwise == null ? undefined : otherwise)
                  : get.apply(item);
    } else if (!given.positional().isEmpty()) {
      String name = Arguments.text(given.positional().get(0), "map");
      List<Object> rest = given.positional().subList(1, given.positional().size());
      change =
          item ->
              filters.filter(name, item, new Arguments(rest, new LinkedHashMap<>(given.named())));
    } else {
      throw TemplateError.broken("map needs a filter or an attribute");
    }
    for (Object item : Python.truth(value) ? in.python.items(value) : List.of()) {
      in.budget.make(4);
      mapped.add(change.apply(item));
    }
    return generator(mapped);
  }

  private Predicate<Object> test(List<Object> positional, Map<String, Object> named) {
    if (positional.isEmpty()) {
      return Python::truth;
    }
    String name = Arguments.text(positional.get(0), "a test");
    List<Object> rest = positional.subList(1, positional.size());
    return item -> in.tests.test(name, item, new Arguments(rest, new LinkedHashMap<>(named)));
  }

  private Object selected(Object value, Predicate<Object> wanted) {
    List<Object> items = new ArrayList<>();
    for (Object item : Python.truth(value) ? in.python.items(value) : List.of()) {
      in.budget.make(4);
      if (wanted.test(item)) {
        items.add(item);
      }
    }
    return generator(items);
  }

  private Object dictSort(Object value, Arguments given) {
    Object[] bound = given.bind("dictsort", "case_sensitive?", "by?", "reverse?");
    if (!(value instanceof Map<?, ?> map)) {
      throw Python.wrongType("dictsort", value);
    }
    Object by = or(bound[1], "key");
    if (!"key".equals(by) && !"value".equals(by)) {
      throw TemplateError.broken("dictsort sorts by key or value");
    }
    int place = "key".equals(by) ? 0 : 1;
    boolean exact = Python.truth(or(bound[0], false));
    List<Object> pairs = copy(in.attributes.view(map, "items"));
    return sorted(
        pairs,
        pair -> {
          Object part = ((Tuple) pair).get(place);
          return exact || part == null ? part : lower(part);
        },
        Python.truth(or(bound[2], false)));
  }

  private Object batch(Object value, Arguments given) {
    Object[] bound = given.bind("batch", "linecount", "fill_with?");
    int size = Python.index(bound[0], "batch");
    List<Object> batches = new ArrayList<>();
    List<Object> batch = new ArrayList<>();
    for (Object item : in.python.items(value)) {
      if (batch.size() == size) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      in.budget.make(4);
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      Object fill = or(bound[1], null);
      if (fill != null && batch.size() < size) {
        in.budget.make(size);
        batch.addAll(Collections.nCopies(size - batch.size(), fill));
      }
      batches.add(batch);
    }
    return generator(batches);
  }
}
