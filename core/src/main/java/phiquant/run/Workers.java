package phiquant.run;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that wait for work of some microseconds. A token takes hundreds of small parallel steps,
 * too short for an executor's queue: workers spin for a while before they park, and the caller
 * works along.
 */
final class Workers implements AutoCloseable {
  /** Looks before letting other threads run: some microseconds. */
  private static final int SPINS = 200;

  /** Looks before parking: where processors are idle, a fraction of a millisecond. */
  private static final int PATIENCE = 2_000;

  /** A part of the work, {@code [from, to)}; worker counts from 0, for memory of its own. */
  @FunctionalInterface
  interface Part {
    void run(int from, int to, int worker);
  }

  private final Worker[] workers;
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicInteger next = new AtomicInteger();
  private volatile int epoch;
  private volatile boolean closed;
  private volatile Throwable failure;

  // Published by the write of epoch.
  private Part part;
  private int count;
  private int grain;

  Workers(int threads) {
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].setDaemon(true);
      workers[i].start();
    }
  }

  /** Number of threads, the caller's included. */
  int count() {
    return workers.length + 1;
  }

  /**
   * Runs {@code [0, count)} in pieces of {@code grain}; whoever is free takes the next. Returns
   * when all is done. One caller at a time.
   */
  void run(int count, int grain, Part part) {
    if (workers.length == 0 || count <= grain) {
      part.run(0, count, 0);
      return;
    }
    this.part = part;
    this.count = count;
    this.grain = grain;
    next.set(0);
    pending.set(workers.length);
    epoch++; // Only the caller writes it.
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
    work(0);
    for (int spin = 0; pending.get() > 0; spin++) {
      relax(spin);
    }
    if (failure != null) {
      Throwable thrown = failure;
      failure = null;
      throw new IllegalStateException("a worker failed", thrown);
    }
  }

  /** One contiguous range for each thread, in multiples of {@code unit}. */
  void split(int count, int unit, Part part) {
    int units = Math.ceilDiv(count, unit);
    run(count, unit * Math.ceilDiv(units, count()), part);
  }

  /** On a busy machine, the one that is waited for may need this processor. */
  private static void relax(int spin) {
    if (spin < SPINS) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  private void work(int worker) {
    try {
      for (int from = next.getAndAdd(grain); from < count; from = next.getAndAdd(grain)) {
        part.run(from, Math.min(count, from + grain), worker);
      }
    } catch (Throwable e) {
      failure = e;
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private final class Worker extends Thread {
    private final int index;
    private volatile boolean parked;

    Worker(int index) {
      super("phiquant-run-" + index);
      this.index = index;
    }

    @Override
    public void run() {
      int seen = 0;
      while (true) {
        for (int spin = 0; epoch == seen && !closed; spin++) {
          if (spin < PATIENCE) {
            relax(spin);
          } else {
            parked = true;
            if (epoch == seen && !closed) {
              LockSupport.park(Workers.this);
            }
            parked = false;
          }
        }
        if (closed) {
          return;
        }
        seen++;
        work(index);
        pending.decrementAndGet();
      }
    }
  }
}
