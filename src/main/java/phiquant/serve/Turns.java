package phiquant.serve;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets one request after the other use the model, in the order in which they came. A bounded number
 * may wait; more are sent away at once, since each of them would wait for all before it.
 */
final class Turns {
  private final Semaphore model = new Semaphore(1, true);
  private final AtomicInteger present = new AtomicInteger();
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
   * @throws ApiError at once if too many are waiting
   */
  void run(Runnable work) {
    try {
      if (present.incrementAndGet() > 1 + waiting) {
        throw ApiError.busy(waiting);
      }
      model.acquireUninterruptibly();
      try {
        work.run();
      } finally {
        model.release();
      }
    } finally {
      present.decrementAndGet();
    }
  }

  /** Waits until all who came before are done. */
  void drain() {
    model.acquireUninterruptibly();
    model.release();
  }

  /** How many are served or waiting. */
  int present() {
    return present.get();
  }
}
