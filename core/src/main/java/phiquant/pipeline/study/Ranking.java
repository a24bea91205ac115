package phiquant.pipeline.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.pipeline.Progress;
import phiquant.quant.nncf.Int8Error;
import phiquant.study.LayerErrors;

/** Reads the layers' matrices once and measures how badly 8-bit integers fit each. */
final class Ranking {
  /** To be raised by whoever changes what is found. */
  static final int NUMBER = 1;

  /** Floats to read at once: what the second-level cache holds. */
  private static final int CHUNK = 1 << 16;

  private Ranking() {}

  /** The largest of the rows' mean squared errors, by the name of the weight. */
  static Map<String, Float> errors(PhiModel model, int threads, Progress progress) {
    List<Weight> ranked = LayerErrors.ranked(model);
    Map<String, Float> errors = new ConcurrentHashMap<>();
    progress.begin(
        "Ranking layers", ranked.stream().mapToLong(weight -> weight.tensor().storedBytes()).sum());
    List<Runnable> all = new ArrayList<>();
    for (Weight weight : ranked) {
      all.add(
          () -> {
            errors.put(weight.name(), error(weight));
            progress.advance(weight.tensor().storedBytes());
          });
    }
    try {
      Crew.run(threads, all);
    } finally {
      progress.end();
    }
    return errors;
  }

  private static float error(Weight weight) {
    int columns = Math.toIntExact(weight.tensor().columns());
    int rows = Math.max(1, CHUNK / columns);
    float[] x = new float[rows * columns];
    float largest = 0;
    for (long first = 0; first < weight.tensor().rows(); first += rows) {
      int some = (int) Math.min(rows, weight.tensor().rows() - first);
      weight.tensor().read(first, some, x, 0);
      for (int row = 0; row < some; row++) {
        largest = Math.max(largest, Int8Error.of(x, row * columns, columns));
      }
    }
    return largest;
  }
}
