package phiquant.serve;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import phiquant.serve.api.ApiError;

/**
 * Lets one request after the other use the model, in the order in which they came. A bounded number
 * may wait; more are sent away at once, since each of them would wait for all before it. Who hangs
 * up while waiting leaves its place.
 */
final class Turns {
  /** How long a request waits between two looks at whether its client is still there. */
  private static final long LOOK_SECONDS = 1;

  /** The first one has the model. */
  private final Deque<CountDownLatch> line = new ArrayDeque<>();

  private final int waiting;

  /**
   * An idle model.
   *
   * @param waiting how many may wait while one is served
   */
  Turns(int waiting) {
    this.waiting = waiting;
  }

  /**
   * Does a request's work when its turn comes.
   *
   * @param wanted whether the client is still there; asked while it waits
   * @throws ApiError at once if too many are waiting
   */
  void run(BooleanSupplier wanted, Runnable work) {
    run(queue(1 + waiting), wanted, work);
  }

  /** Waits until all who came before are done. */
  void drain() {
    run(queue(Integer.MAX_VALUE), () -> true, () -> {});
  }

  private void run(CountDownLatch turn, BooleanSupplier wanted, Runnable work) {
    try {
      boolean comes = turn.await(0, TimeUnit.SECONDS);
      while (!comes && wanted.getAsBoolean()) {
        comes = turn.await(LOOK_SECONDS, TimeUnit.SECONDS);
      }
      if (comes) {
        work.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      leave(turn);
    }
  }

  private synchronized CountDownLatch queue(int limit) {
    if (line.size() >= limit) {
      throw ApiError.busy(waiting);
    }
    CountDownLatch turn = new CountDownLatch(line.isEmpty() ? 0 : 1);
    line.add(turn);
    return turn;
  }

  private synchronized void leave(CountDownLatch turn) {
    line.remove(turn);
    if (!line.isEmpty()) {
      line.getFirst().countDown();
    }
  }

  /** How many are served or waiting. */
  synchronized int present() {
    return line.size();
  }
}
