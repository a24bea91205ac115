package phiquant.run;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import phiquant.run.attention.KvCache;

/**
 * Answers that grow together. A thread of its own reads the weights once for a token of each, and a
 * portion of one new prompt in between, so that who is answered is not kept waiting by who comes.
 * An answer is the one that it would be alone, to the last bit of every token's logits, but for
 * what it finds computed of its prompt ({@link Slots}). Who finds no slot waits in line. For any
 * number of callers.
 */
public final class Answering implements AutoCloseable {
  /** How long one waits for its answer between two looks at whether it is still wanted. */
  private static final long LOOK_SECONDS = 1;

  /** Answers that a step of the model is for; what a token has in memory is kept for so many. */
  private static final int TOGETHER = 8;

  private final Session session;
  private final LanguageModel model;
  private final Slots slots;
  private final Deque<Turn> waiting = new ArrayDeque<>();
  private final Thread thread = new Thread(this::work, "phiquant-answers");
  private boolean closed;
  private volatile Counts counts = Counts.NONE;

  /** Which of those with a slot had its prompt read last. */
  private int reader;

  Answering(Session session, LanguageModel model, int slots, int context) {
    this.session = session;
    this.model = model;
    this.slots = new Slots(model, slots, context);
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Lets the model continue a prompt, as {@link Session#grow} does; returns with the whole answer.
   *
   * @param listener hears of each piece from another thread, which it must not hold up, and says
   *     whether it wants more; asked from time to time while the answer waits, too
   * @throws phiquant.UserError if the prompt is empty, does not fit, or is not in the vocabulary
   */
  public Reply grow(int[] prompt, Generation asked, Predicate<Increment> listener) {
    session.check(prompt);
    if (asked.grammar().isPresent()) {
      session.masks(); // Takes a while the first time, in which others go on.
    }
    Turn turn = new Turn(prompt, asked, listener);
    if (!queue(turn)) {
      return turn.nothing();
    }
    try {
      while (true) {
        try {
          return turn.reply().get(LOOK_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
          if (isWaiting(turn) && !turn.isWanted() && leave(turn)) {
            return turn.nothing();
          }
        }
      }
    } catch (InterruptedException e) {
      leave(turn);
      Thread.currentThread().interrupt();
      return turn.nothing();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause();
    }
  }

  /** What was done so far. */
  public Counts counts() {
    return counts;
  }

  /** Answers that wait for a slot. */
  public synchronized int waiting() {
    return waiting.size();
  }

  /** Ends all answers as far as they have come, and returns when the model is free. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean queue(Turn turn) {
    if (!closed) {
      waiting.add(turn);
      notifyAll();
    }
    return !closed;
  }

  private synchronized boolean isWaiting(Turn turn) {
    return waiting.contains(turn);
  }

  private synchronized boolean leave(Turn turn) {
    return waiting.remove(turn);
  }

  private void work() {
    while (awaitTurns()) {
      try {
        for (List<Turn> some : together()) {
          step(some);
        }
        read();
      } catch (Throwable e) {
        slots.taken().forEach(turn -> fail(turn, e));
      }
    }
    slots.taken().forEach(this::end);
    synchronized (this) {
      waiting.forEach(turn -> turn.reply().complete(turn.nothing()));
      waiting.clear();
    }
  }

  /** Waits for someone to answer and gives out free slots; false if it is over. */
  private synchronized boolean awaitTurns() {
    while (!closed && waiting.isEmpty() && slots.taken().isEmpty()) {
      try {
        wait();
      } catch (InterruptedException e) {
        closed = true;
      }
    }
    while (!closed && !waiting.isEmpty() && slots.areFree()) {
      Turn turn = waiting.poll();
      try {
        turn.begin(session, slots.take(turn));
      } catch (Throwable e) {
        fail(turn, e);
      }
    }
    return !closed;
  }

  /** Those who have chosen a token, in groups. */
  private List<List<Turn>> together() {
    List<Turn> all = slots.taken().stream().filter(Turn::steps).toList();
    List<List<Turn>> groups = new ArrayList<>();
    for (int i = 0; i < all.size(); i += TOGETHER) {
      groups.add(all.subList(i, Math.min(all.size(), i + TOGETHER)));
    }
    return groups;
  }

  /** Reads the token that each has chosen, and chooses the next. */
  private void step(List<Turn> turns) {
    List<Turn> ready = new ArrayList<>();
    for (Turn turn : turns) {
      if (isReady(turn)) {
        ready.add(turn);
      }
    }
    int count = ready.size();
    if (count == 0) {
      return;
    }
    int[] tokens = ready.stream().mapToInt(Turn::token).toArray();
    model.step(
        tokens,
        ready.stream().map(Turn::cache).toArray(KvCache[]::new),
        count,
        ready.stream().map(Turn::logits).toArray(float[][]::new));
    int longest = ready.stream().mapToInt(turn -> turn.cache().length()).max().orElse(0);
    counts = counts.step(count, longest);
    choose(ready);
  }

  /** Whether a token can be read without anything else; makes room for it. */
  private boolean isReady(Turn turn) {
    if (!model.keeps(turn.cache(), turn.cache().length() + 1)) {
      turn.readAgain(); // In portions, as a prompt.
      return false;
    }
    try {
      turn.cache().reserve(1);
      return true;
    } catch (Throwable e) {
      fail(turn, e);
      return false;
    }
  }

  /** Chooses on all threads, but for those held to a grammar, which requests have in common. */
  private void choose(List<Turn> turns) {
    Throwable[] problems = new Throwable[turns.size()];
    List<Turn> free = turns.stream().filter(turn -> turn.asked().grammar().isEmpty()).toList();
    List<Turn> held = turns.stream().filter(turn -> turn.asked().grammar().isPresent()).toList();
    model
        .workers()
        .run(
            free.size(),
            1,
            (from, to, worker) -> {
              for (int i = from; i < to; i++) {
                problems[i] = choose(free.get(i));
              }
            });
    for (int i = 0; i < held.size(); i++) {
      problems[free.size() + i] = choose(held.get(i));
    }
    for (int i = 0; i < turns.size(); i++) {
      Turn turn = i < free.size() ? free.get(i) : held.get(i - free.size());
      if (problems[i] != null) {
        fail(turn, problems[i]);
      } else if (!turn.grows()) {
        end(turn);
      }
    }
  }

  private Throwable choose(Turn turn) {
    try {
      model.requireSound(turn.logits());
      turn.choose();
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  /** Reads a portion of one prompt; each has its turn. */
  private void read() {
    List<Turn> all = slots.taken();
    List<Turn> readers = all.stream().filter(turn -> !turn.steps()).toList();
    if (readers.isEmpty()) {
      return;
    }
    Turn turn = readers.get(reader++ % readers.size());
    try {
      if (!turn.isWanted()) {
        end(turn);
        return;
      }
      session.look(turn.prompt(), all.stream().map(Turn::prompt).toList());
      boolean alone = readers.size() == all.size();
      int[] portion = turn.next(Portions.next(turn.unread(), alone));
      if (turn.unread() == portion.length) {
        model.logits(portion, turn.cache(), turn.logits());
      } else {
        model.read(portion, turn.cache());
      }
      counts = counts.step(1, turn.cache().length());
    } catch (Throwable e) {
      fail(turn, e);
      return;
    }
    if (turn.unread() == 0) {
      choose(List.of(turn));
    }
  }

  private void end(Turn turn) {
    slots.free(turn);
    try {
      Reply reply = turn.end();
      counts = counts.plus(reply);
      turn.reply().complete(reply);
    } catch (Throwable e) {
      turn.fail(e);
    }
  }

  private void fail(Turn turn, Throwable problem) {
    slots.free(turn);
    if (problem instanceof OutOfMemoryError) {
      slots.forget(); // For the others.
    }
    turn.fail(problem);
  }
}
