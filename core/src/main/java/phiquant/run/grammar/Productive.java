package phiquant.run.grammar;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Which rules some text obeys. The others, such as an object that must contain itself, are never
 * begun, so that what has been begun can always be ended.
 */
final class Productive {
  private Productive() {}

  /** All such rules that can be reached: the smallest set that is closed. */
  static Set<Rule> rules(Rule root) {
    Set<Rule> all = reachable(root);
    Set<Rule> productive = new HashSet<>();
    for (int before = -1; before != productive.size(); ) {
      before = productive.size();
      for (Rule rule : all) {
        if (ends(rule, productive)) {
          productive.add(rule);
        }
      }
    }
    return productive;
  }

  private static boolean ends(Rule rule, Set<Rule> known) {
    return switch (rule) {
      case Rule.OneByte one -> !one.bytes.isEmpty();
      case Rule.Mark mark -> true;
      case Rule.Sequence sequence -> known.containsAll(sequence.parts);
      case Rule.Choice choice -> choice.options.stream().anyMatch(known::contains);
      case Rule.Repeat repeat ->
          repeat.min <= repeat.max && (repeat.min == 0 || known.contains(repeat.part));
      case Rule.Later later -> known.contains(later.rule());
    };
  }

  private static Set<Rule> reachable(Rule root) {
    Set<Rule> seen = new HashSet<>();
    Deque<Rule> open = new ArrayDeque<>(Set.of(root));
    while (!open.isEmpty()) {
      Rule rule = open.pop();
      if (!seen.add(rule)) {
        continue;
      }
      switch (rule) {
        case Rule.OneByte one -> {}
        case Rule.Mark mark -> {}
        case Rule.Sequence sequence -> open.addAll(sequence.parts);
        case Rule.Choice choice -> open.addAll(choice.options);
        case Rule.Repeat repeat -> open.add(repeat.part);
        case Rule.Later later -> open.add(later.rule());
      }
    }
    return seen;
  }
}
