package phiquant.feedback;

import java.util.function.IntConsumer;

/** Who does work that falls into parts. */
@FunctionalInterface
public interface ParallelFor {
  /** One after the other, by the caller. */
  ParallelFor ALONE =
      (count, task) -> {
        for (int i = 0; i < count; i++) {
          task.accept(i);
        }
      };

  /** Does the tasks {@code 0 .. count - 1}, in any order; returns when all are done. */
  void run(int count, IntConsumer task);
}
