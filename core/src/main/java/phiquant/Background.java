package phiquant;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * A computation that goes on beside the caller's, on a thread of its own. It exists because
 * planning has independent parts, and the machine a second core.
 */
public final class Background<T> {
  private final FutureTask<T> task;

  private Background(FutureTask<T> task) {
    this.task = task;
  }

  /** Begins it. */
  public static <T> Background<T> begin(Supplier<T> computation) {
    FutureTask<T> task = new FutureTask<>(computation::get);
    Thread.ofPlatform().name("phiquant-background").daemon().start(task);
    return new Background<>(task);
  }

  /** Waits for the result, or fails as the computation did. */
  public T result() {
    try {
      return task.get();
    } catch (InterruptedException e) {
      throw new UserError("The run was interrupted; nothing was left behind.", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        default -> throw new IllegalStateException(e.getCause());
      }
    }
  }
}
