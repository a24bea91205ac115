package phiquant.jinja;

import java.util.List;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Undefined;

/** What {@code loop} is in the body of a loop. */
final class Loop {
  private final Python python;
  private final List<Object> items;
  private final int depth;
  private final Function.Body recursion;
  private int index = -1;
  private Object last = Arguments.ABSENT;

  /**
   * Before the first item.
   *
   * @param depth of loops that call themselves, from 0
   * @param recursion what {@code loop(…)} does
   */
  Loop(Python python, List<Object> items, int depth, Function.Body recursion) {
    this.python = python;
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
  }

  void next() {
    index++;
  }

  int depth() {
    return depth;
  }

  Object call(Arguments given) {
    return recursion.call(given);
  }

  Object attribute(String name) {
    int size = items.size();
    return switch (name) {
      case "index" -> index + 1L;
      case "index0" -> (long) index;
      case "revindex" -> (long) size - index;
      case "revindex0" -> (long) size - index - 1;
      case "first" -> index == 0;
      case "last" -> index == size - 1;
      case "length" -> (long) size;
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" ->
          index == 0 ? new Undefined("there is no previous item") : items.get(index - 1);
      case "nextitem" ->
          index == size - 1 ? new Undefined("there is no next item") : items.get(index + 1);
      case "cycle" -> new Function(name, this::cycle);
      case "changed" -> new Function(name, this::changed);
      default -> Arguments.ABSENT;
    };
  }

  private Object cycle(Arguments given) {
    given.nothingElse("cycle");
    if (given.positional().isEmpty()) {
      throw TemplateError.broken("cycle was given nothing");
    }
    return given.positional().get(index % given.positional().size());
  }

  private Object changed(Arguments given) {
    Object now = given.positional();
    boolean changed = last == Arguments.ABSENT || !python.equal(last, now);
    last = now;
    return changed;
  }
}
