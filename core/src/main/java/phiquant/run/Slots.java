package phiquant.run;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import phiquant.run.attention.KvCache;

/**
 * The slots in which answers grow, each with a cache that keeps what it holds when its answer is
 * complete. A new prompt gets the cache that knows most of it, or a copy of that part: pages are
 * shared until one of the two goes on in them.
 */
final class Slots {
  private final LanguageModel model;
  private final Slot[] slots;
  private long clock;

  private static final class Slot {
    private final KvCache cache;
    private Turn turn;

    /** When it was freed, as a count of such events. */
    private long freed;

    private Slot(KvCache cache) {
      this.cache = cache;
    }

    private boolean isFree() {
      return turn == null;
    }
  }

  Slots(LanguageModel model, int count, int context) {
    this.model = model;
    this.slots =
        Stream.generate(() -> new Slot(model.cache(context))).limit(count).toArray(Slot[]::new);
  }

  /** Those who have one. */
  List<Turn> taken() {
    return Arrays.stream(slots).filter(slot -> !slot.isFree()).map(slot -> slot.turn).toList();
  }

  boolean areFree() {
    return Arrays.stream(slots).anyMatch(Slot::isFree);
  }

  /** Gives a free slot to a prompt: a cache that holds what is known of it, and nothing else. */
  KvCache take(Turn turn) {
    int[] known = IntStream.range(0, slots.length).map(i -> known(slots[i], turn)).toArray();
    int most = IntStream.range(0, slots.length).boxed().max(byKnown(known)).orElseThrow();
    int own = free().max(byKnown(known)).orElseThrow();
    // A conversation that goes on takes its cache along; another does not destroy it.
    if (2 * known[own] < slots[own].cache.length()) {
      own = free().min(Comparator.comparingLong(i -> slots[i].freed)).orElseThrow();
    }
    Slot slot = slots[own];
    if (known[most] > known[own]) {
      slot.cache.copy(slots[most].cache, known[most]);
    } else {
      slot.cache.truncate(known[own]);
    }
    slot.cache.release();
    slot.turn = turn;
    return slot.cache;
  }

  private Stream<Integer> free() {
    return IntStream.range(0, slots.length).filter(i -> slots[i].isFree()).boxed();
  }

  private static Comparator<Integer> byKnown(int[] known) {
    return Comparator.comparingInt(i -> known[i]);
  }

  /** How many of the prompt's tokens a slot's cache holds, less one to compute logits from. */
  private int known(Slot slot, Turn turn) {
    int[] prompt = turn.prompt();
    return model.keeps(slot.cache, prompt.length)
        ? Math.min(slot.cache.common(prompt), prompt.length - 1)
        : 0;
  }

  /** Gives back the memory of what is kept for those who may come. */
  void forget() {
    free()
        .forEach(
            i -> {
              slots[i].cache.truncate(0);
              slots[i].cache.release();
            });
  }

  void free(Turn turn) {
    for (Slot slot : slots) {
      if (slot.turn == turn) {
        slot.turn = null;
        slot.freed = ++clock;
      }
    }
  }
}
