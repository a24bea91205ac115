package phiquant.jinja;

import java.util.HashMap;
import java.util.Map;

/** The names that a part of a template has, and those around it. */
final class Scope {
  private final Scope outer;
  private final Map<String, Object> names = new HashMap<>();

  Scope(Scope outer) {
    this.outer = outer;
  }

  /** A name's value, or {@link Arguments#ABSENT}. */
  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      if (scope.names.containsKey(name)) {
        return scope.names.get(name);
      }
    }
    return Arguments.ABSENT;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }
}
