package phiquant.jinja;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kinds of value that Python has and Java has not. The others are Java's own: String, Long,
 * Double, Boolean, null for None, List and (insertion ordered) Map.
 */
final class Values {
  private Values() {}

  /** Jinja's value for what is not there. */
  record Undefined(String name) {}

  /** A text that {@code safe} or {@code escape} made, which Python would escape others for. */
  record Markup(String text) {}

  /** What a template can call. */
  record Function(String name, Body body) {
    interface Body {
      Object call(Arguments arguments);
    }
  }

  /** {@code namespace(…)}: the only thing that a template can change. */
  record Namespace(Map<Object, Object> attributes) {}

  /** A list that cannot be changed, which Python prints with parentheses. */
  static final class Tuple extends AbstractList<Object> {
    private final Object[] items;

    Tuple(Object... items) {
      this.items = items;
    }

    @Override
    public Object get(int index) {
      return items[index];
    }

    @Override
    public int size() {
      return items.length;
    }
  }

  /** {@code range(…)}. */
  static final class Range extends AbstractList<Object> {
    final long start;
    final long step;
    final int size;

    Range(long start, long step, int size) {
      this.start = start;
      this.step = step;
      this.size = size;
    }

    @Override
    public Object get(int index) {
      return start + index * step;
    }

    @Override
    public int size() {
      return size;
    }
  }

  /** What {@code dict.items()} and its like give: it can be walked and counted, not indexed. */
  record View(String kind, List<Object> items) {}

  /** What can be walked once, and is true even if it holds nothing. */
  record Generator(Iterator<Object> rest) {}

  /** In the place of None where a switch needs an object. */
  private static final Object NONE = new Object();

  static Object present(Object value) {
    return value == null ? NONE : value;
  }

  static Map<Object, Object> dict() {
    return new LinkedHashMap<>();
  }
}
