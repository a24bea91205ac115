package phiquant.pipeline;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.WeightSource;

/**
 * Hands runs to workers in their order and tells the source what nobody will read any more: all
 * before the first of the runs that are being worked on.
 */
final class Frontier {
  private final List<Run> runs;
  private final WeightSource source;
  private final long[] working;
  private int next;

  /**
   * Of runs in the order of the source.
   *
   * @param workers who will take them
   */
  Frontier(List<Run> runs, int workers, WeightSource source) {
    this.runs = runs;
    this.source = source;
    this.working = new long[workers];
  }

  /** The next run for a worker, who is done with the one before; empty if there is none. */
  synchronized Optional<Run> next(int worker) {
    Optional<Run> run = next < runs.size() ? Optional.of(runs.get(next++)) : Optional.empty();
    working[worker] = run.map(Run::position).orElse(Long.MAX_VALUE);
    source.passed(Arrays.stream(working).min().orElse(0));
    return run;
  }
}
