package phiquant.run;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import phiquant.run.attention.KvCache;

/**
 * The places in which answers grow, each with a cache that keeps what it holds when its answer is
 * complete. A new prompt gets the cache that knows most of it, or a copy of that part: pages are
 * shared until one of the two goes on in them.
 */
final class Places {
  private final LanguageModel model;
  private final Place[] places;
  private long clock;

  private static final class Place {
    private final KvCache cache;
    private Turn turn;

    /** When it was freed, as a count of such events. */
    private long freed;

    private Place(KvCache cache) {
      this.cache = cache;
    }

    private boolean isFree() {
      return turn == null;
    }
  }

  Places(LanguageModel model, int count, int context) {
    this.model = model;
    this.places =
        Stream.generate(() -> new Place(model.cache(context))).limit(count).toArray(Place[]::new);
  }

  /** Those who have one. */
  List<Turn> taken() {
    return Arrays.stream(places).filter(place -> !place.isFree()).map(place -> place.turn).toList();
  }

  boolean areFree() {
    return Arrays.stream(places).anyMatch(Place::isFree);
  }

  /** Gives a free place to a prompt: a cache that holds what is known of it, and nothing else. */
  KvCache take(Turn turn) {
    int[] known = IntStream.range(0, places.length).map(i -> known(places[i], turn)).toArray();
    int most = IntStream.range(0, places.length).boxed().max(byKnown(known)).orElseThrow();
    int own = free().max(byKnown(known)).orElseThrow();
    // A conversation that goes on takes its cache along; another does not destroy it.
    if (2 * known[own] < places[own].cache.length()) {
      own = free().min(Comparator.comparingLong(i -> places[i].freed)).orElseThrow();
    }
    Place place = places[own];
    if (known[most] > known[own]) {
      place.cache.copy(places[most].cache, known[most]);
    } else {
      place.cache.truncate(known[own]);
    }
    place.cache.release();
    place.turn = turn;
    return place.cache;
  }

  private Stream<Integer> free() {
    return IntStream.range(0, places.length).filter(i -> places[i].isFree()).boxed();
  }

  private static Comparator<Integer> byKnown(int[] known) {
    return Comparator.comparingInt(i -> known[i]);
  }

  /** How many of the prompt's tokens a place's cache holds, less one to compute logits from. */
  private int known(Place place, Turn turn) {
    int[] prompt = turn.prompt();
    return model.keeps(place.cache, prompt.length)
        ? Math.min(place.cache.common(prompt), prompt.length - 1)
        : 0;
  }

  /** Gives back the memory of what is kept for those who may come. */
  void forget() {
    free()
        .forEach(
            i -> {
              places[i].cache.truncate(0);
              places[i].cache.release();
            });
  }

  void free(Turn turn) {
    for (Place place : places) {
      if (place.turn == turn) {
        place.turn = null;
        place.freed = ++clock;
      }
    }
  }
}
