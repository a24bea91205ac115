package phiquant.run.grammar;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;

/**
 * Reads a grammar's texts byte by byte. A state is the set of all that may be left to read, each a
 * stack of rules, so that a text with several readings needs no looking back. States are made when
 * they are first reached and remembered, so that a byte costs one look into a table afterwards. For
 * one thread at a time.
 */
final class Automaton {
  /** Readings that may be open at once. */
  private static final int MAX_READINGS = 20_000;

  /** States that are remembered; a text of thousands of counted characters has as many. */
  private static final int MAX_STATES = 20_000;

  /** Masks that are kept: 25 KB each for the largest vocabulary. */
  private static final int MAX_MASKS = 256;

  /**
   * What is left to read: of a rule all after its first {@code done} parts, then another rest.
   * There is one object for each rest, so that they are compared by identity.
   */
  private static final class Rest {
    final Rule rule;
    final int done;
    final Rest then;

    Rest(Rule rule, int done, Rest then) {
      this.rule = rule;
      this.done = done;
      this.then = then;
    }
  }

  private record RestKey(Rule rule, int done, Rest then) {}

  /** A place in a text. */
  final class State {
    /** Each begins with a byte or a mark; {@link #end} if the text may end here. */
    private final Set<Rest> rests;

    private final State[] next = new State[256];
    private final BitSet known = new BitSet(256);

    private State(Set<Rest> rests) {
      this.rests = rests;
    }

    /** Whether the text may end here. */
    boolean mayEnd() {
      return rests.contains(end);
    }

    /** Whether it must. */
    boolean mustEnd() {
      return rests.size() == 1 && mayEnd();
    }

    /** The state after one more byte; null if it may not come. */
    State after(int b) {
      if (!known.get(b)) {
        known.set(b);
        Set<Rest> begun = new HashSet<>();
        for (Rest rest : rests) {
          if (rest.rule instanceof Rule.OneByte one && one.bytes.get(b)) {
            begun.add(rest.then);
          }
        }
        next[b] = state(begun);
      }
      return next[b];
    }

    /** The state after a mark; null if it may not come. */
    State afterMark(int token) {
      Set<Rest> begun = new HashSet<>();
      for (Rest rest : rests) {
        if (rest.rule instanceof Rule.Mark mark && mark.token == token) {
          begun.add(rest.then);
        }
      }
      return state(begun);
    }

    /** Adds the marks that may come. */
    void addMarks(BitSet tokens) {
      for (Rest rest : rests) {
        if (rest.rule instanceof Rule.Mark mark) {
          tokens.set(mark.token);
        }
      }
    }

    /** The tokens that may come, as they are made the first time. */
    BitSet mask(TokenMasks masks) {
      return Automaton.this.masks.computeIfAbsent(this, masks::of);
    }
  }

  private final Rest end = new Rest(null, 0, null);
  private final Set<Rule> productive;
  private final Map<RestKey, Rest> rests = new HashMap<>();
  private final Map<Set<Rest>, State> states = new HashMap<>();
  private final Map<State, BitSet> masks =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<State, BitSet> eldest) {
          return size() > MAX_MASKS;
        }
      };
  private final State start;

  /**
   * Of a grammar.
   *
   * @throws UserError if no text obeys it
   */
  Automaton(Rule root) {
    this.productive = Productive.rules(root);
    this.start = state(Set.of(rest(root, 0, end)));
    if (start == null) {
      throw new UserError("No text can be what is asked for.");
    }
  }

  State start() {
    return start;
  }

  private Rest rest(Rule rule, int done, Rest then) {
    return rests.computeIfAbsent(
        new RestKey(rule, done, then), key -> new Rest(key.rule(), key.done(), key.then()));
  }

  /** The state in which any of these is left; null if there are none. */
  private State state(Set<Rest> open) {
    Set<Rest> ready = new HashSet<>();
    Set<Rest> seen = new HashSet<>(open);
    Deque<Rest> todo = new ArrayDeque<>(open);
    while (!todo.isEmpty()) {
      Rest rest = todo.pop();
      if (rest == end || rest.rule instanceof Rule.OneByte || rest.rule instanceof Rule.Mark) {
        ready.add(rest);
      } else {
        open(rest, seen, todo);
      }
      if (seen.size() > MAX_READINGS) {
        throw new UserError("What is asked for has too many choices at one place.");
      }
    }
    if (ready.isEmpty()) {
      return null;
    }
    if (states.size() >= MAX_STATES) {
      states.clear();
      rests.clear();
    }
    return states.computeIfAbsent(ready, State::new);
  }

  /** What a rule begins with. */
  private void open(Rest rest, Set<Rest> seen, Deque<Rest> todo) {
    Rest then = rest.then;
    switch (rest.rule) {
      case Rule.Sequence sequence -> {
        int last = sequence.parts.size() - 1;
        if (rest.done > last) {
          add(then, seen, todo);
        } else {
          Rest after = rest.done == last ? then : rest(sequence, rest.done + 1, then);
          add(rest(sequence.parts.get(rest.done), 0, after), seen, todo);
        }
      }
      case Rule.Choice choice ->
          choice.options.forEach(rule -> add(rest(rule, 0, then), seen, todo));
      case Rule.Repeat repeat -> {
        if (rest.done >= repeat.min) {
          add(then, seen, todo);
        }
        if (rest.done < repeat.max) {
          // Without an upper bound only whether it is enough counts.
          int done =
              repeat.max == Rule.UNBOUNDED ? Math.min(repeat.min, rest.done + 1) : rest.done + 1;
          add(rest(repeat.part, 0, rest(repeat, done, then)), seen, todo);
        }
      }
      case Rule.Later later -> add(rest(later.rule(), 0, then), seen, todo);
      case Rule.OneByte one -> throw new AssertionError(one);
      case Rule.Mark mark -> throw new AssertionError(mark);
    }
  }

  private void add(Rest rest, Set<Rest> seen, Deque<Rest> todo) {
    boolean possible = rest == end || productive.contains(rest.rule);
    if (possible && seen.add(rest)) {
      todo.push(rest);
    }
  }
}
