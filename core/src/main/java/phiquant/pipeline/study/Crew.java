package phiquant.pipeline.study;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import phiquant.UserError;

/** Some threads that do many tasks, in no order; the first that fails ends all. */
final class Crew {
  private Crew() {}

  /** Returns when all are done. */
  static void run(int threads, List<Runnable> tasks) {
    try (ExecutorService workers =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("phiquant-study-", 0).daemon().factory())) {
      List<Future<?>> all = new ArrayList<>();
      tasks.forEach(task -> all.add(workers.submit(task)));
      for (Future<?> one : all) {
        await(one, workers);
      }
    }
  }

  private static void await(Future<?> one, ExecutorService workers) {
    try {
      one.get();
    } catch (InterruptedException e) {
      workers.shutdownNow();
      throw new UserError("The run was interrupted; nothing was left behind.", e);
    } catch (ExecutionException e) {
      workers.shutdownNow();
      switch (e.getCause()) {
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        default -> throw new IllegalStateException(e.getCause());
      }
    }
  }
}
