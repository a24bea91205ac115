package phiquant.pipeline.study;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.Half;
import phiquant.recipe.Candidate;

/**
 * A weight as it would be after rounding, in memory as 16-bit floats: what those leave out is
 * thousands of times less than what formats of up to 6 bits do.
 *
 * @param tensor with its name, of its shape
 * @param error mean over rows of {@code Σ (importance · (rounded - exact)²)}, which is what is
 *     added to an output's square
 */
record RoundedWeight(StoredTensor tensor, double error) {
  /** Floats to round at once: what the second-level cache holds. */
  private static final int CHUNK = 1 << 16;

  /** Rounds all of it. */
  static RoundedWeight of(
      StoredTensor exact, Candidate rounding, float[] importance, int threads, Arena arena) {
    int columns = Math.toIntExact(exact.columns());
    int rows = Math.max(1, CHUNK / columns);
    MemorySegment data = arena.allocate(2 * exact.elements(), 64);
    int chunks = Math.toIntExact(Math.ceilDiv(exact.rows(), (long) rows));
    double[] errors = new double[chunks];
    List<Runnable> tasks = new ArrayList<>();
    for (int chunk = 0; chunk < chunks; chunk++) {
      int at = chunk;
      long first = (long) chunk * rows;
      int some = (int) Math.min(rows, exact.rows() - first);
      tasks.add(
          () -> {
            float[] x = new float[some * columns];
            exact.read(first, some, x, 0);
            float[] rounded = x.clone();
            rounding.round(rounded, some, columns, importance);
            errors[at] = error(x, rounded, columns, importance);
            Half.encode(rounded, 0, rounded.length, data, 2 * first * columns);
          });
    }
    Crew.run(threads, tasks);
    double sum = 0;
    for (double each : errors) {
      sum += each;
    }
    return new RoundedWeight(
        new MappedTensor(exact.name(), DType.F16, exact.shape(), 0, data), sum / exact.rows());
  }

  /**
   * The weighted squares of what rounding changes, of all rows together.
   *
   * @param x {@code [rows, columns]}
   * @param importance of columns, or null where all count alike
   */
  static double error(float[] x, float[] rounded, int columns, float[] importance) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      double e = (double) rounded[i] - x[i];
      sum += e * e * (importance == null ? 1 : importance[i % columns]);
    }
    return sum;
  }
}
