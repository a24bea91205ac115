package phiquant.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a function, filter or test was given. Each takes its arguments out, in their order or by
 * name; one that nobody took is an error, as it is in Python.
 *
 * @param named is emptied as arguments are taken
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
  /** In the place of an argument that was not given. */
  static final Object ABSENT = new Object();

  static Arguments of(Object... positional) {
    return new Arguments(java.util.Arrays.asList(positional), new LinkedHashMap<>());
  }

  /**
   * The arguments in the order of their names.
   *
   * @param names of all that the function has; one that ends in ? may be left out
   */
  Object[] bind(String function, String... names) {
    if (positional.size() > names.length) {
      throw TemplateError.broken(
          function + " takes " + names.length + " arguments, not " + positional.size());
    }
    Object[] bound = new Object[names.length];
    for (int i = 0; i < names.length; i++) {
      boolean optional = names[i].endsWith("?");
      String name = optional ? names[i].substring(0, names[i].length() - 1) : names[i];
      boolean isNamed = named.containsKey(name);
      if (i < positional.size() && isNamed) {
        throw TemplateError.broken(function + " was given '" + name + "' twice");
      }
      bound[i] = isNamed ? named.remove(name) : i < positional.size() ? positional.get(i) : ABSENT;
      if (bound[i] == ABSENT && !optional) {
        throw TemplateError.broken(function + " needs '" + name + "'");
      }
    }
    nothingElse(function);
    return bound;
  }

  void nothingElse(String function) {
    if (!named.isEmpty()) {
      throw TemplateError.broken(function + " has no '" + named.keySet().iterator().next() + "'");
    }
  }

  static Object or(Object argument, Object otherwise) {
    return argument == ABSENT ? otherwise : argument;
  }

  static String text(Object argument, String what) {
    if (argument instanceof String text) {
      return text;
    }
    throw Python.wrongType(what, argument);
  }
}
