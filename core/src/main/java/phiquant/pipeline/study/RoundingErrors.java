package phiquant.pipeline.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Weight;
import phiquant.pipeline.Progress;
import phiquant.recipe.Candidate;
import phiquant.study.InputSquares;

/**
 * How much every format that a weight may have adds to the squares of its outputs, from a sample of
 * its rows.
 */
final class RoundingErrors {
  /** To be raised by whoever changes what is found. */
  static final int NUMBER = 1;

  /**
   * Rows that are looked at, spread evenly: of a thousand, a tenth of the cost, one percent off.
   */
  private static final int ROWS = 96;

  private RoundingErrors() {}

  /**
   * Mean errors of a row.
   *
   * @param menus by the weight, the formats to look at
   * @return by {@code weight format}
   */
  static Map<String, Double> of(
      Map<Weight, List<Candidate>> menus,
      InputSquares.Found squares,
      int threads,
      Progress progress) {
    Map<String, Double> errors = new ConcurrentHashMap<>();
    List<Runnable> tasks = new ArrayList<>();
    progress.begin(
        "Trying formats",
        menus.entrySet().stream()
            .mapToLong(menu -> menu.getKey().tensor().storedBytes() * menu.getValue().size())
            .sum());
    menus.forEach(
        (weight, formats) ->
            formats.forEach(
                format ->
                    tasks.add(
                        () -> {
                          float[] importance =
                              squares.of(weight.tensor()).stream().findFirst().orElse(null);
                          errors.put(
                              key(weight, format), error(weight.tensor(), format, importance));
                          progress.advance(weight.tensor().storedBytes());
                        })));
    try {
      Crew.run(threads, tasks);
    } finally {
      progress.end();
    }
    return errors;
  }

  static String key(Weight weight, Candidate format) {
    return weight.name() + " " + format.format();
  }

  private static double error(StoredTensor tensor, Candidate format, float[] importance) {
    int columns = Math.toIntExact(tensor.columns());
    int rows = (int) Math.min(ROWS, tensor.rows());
    float[] x = new float[rows * columns];
    for (int row = 0; row < rows; row++) {
      tensor.read(row * tensor.rows() / rows, 1, x, row * columns);
    }
    float[] rounded = x.clone();
    format.round(rounded, rows, columns, importance);
    return RoundedWeight.error(x, rounded, columns, importance) / rows;
  }
}
