package phiquant.run;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Memory that is lent piece by piece and taken back all at once, to be lent again: arrays of many
 * megabytes that were made anew each time would lie about until a garbage collector sees a need.
 */
final class Lending<T> {
  private final IntFunction<T> make;
  private final Map<Integer, List<T>> made = new HashMap<>();
  private final Map<Integer, Integer> lent = new HashMap<>();

  /** Nothing is made yet. */
  Lending(IntFunction<T> make) {
    this.make = make;
  }

  /** One of a size, in which is whatever was left there. */
  T lend(int size) {
    List<T> all = made.computeIfAbsent(size, unused -> new ArrayList<>());
    int index = lent.merge(size, 1, Integer::sum) - 1;
    if (index == all.size()) {
      all.add(make.apply(size));
    }
    return all.get(index);
  }

  /** Whoever has some does not use it any more. */
  void takeBack() {
    lent.clear();
  }
}
