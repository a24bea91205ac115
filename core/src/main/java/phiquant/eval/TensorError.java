package phiquant.eval;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * How far a weight of an artifact is from the original's, found by decoding both; nothing is run.
 *
 * @param name Hugging Face's
 * @param role what it does
 * @param layer or -1
 * @param format in the artifact
 * @param relativeRms {@code sqrt(Σ (w' - w)² / Σ w²)}
 * @param max largest {@code |w' - w|}
 */
public record TensorError(
    String name, Role role, int layer, String format, double relativeRms, double max)
    implements Serializable {
  private static final int FLOATS = 1 << 18;

  /** Errors of all weights but biases, which nobody quantizes, in the model's order. */
  public static List<TensorError> of(
      PhiModel original, PhiModel artifact, EvaluationProgress progress) {
    return IntStream.range(0, original.weights().size())
        .parallel()
        .filter(i -> !original.weights().get(i).bias())
        .mapToObj(
            i -> {
              TensorError error = of(original.weights().get(i), artifact.weights().get(i));
              progress.advance(1);
              return error;
            })
        .toList();
  }

  private static TensorError of(Weight original, Weight other) {
    StoredTensor exact = original.tensor();
    StoredTensor stored = other.tensor();
    int columns = Math.toIntExact(exact.columns());
    int most = Math.max(1, FLOATS / columns);
    float[] a = new float[most * columns];
    float[] b = new float[most * columns];
    double squares = 0;
    double errors = 0;
    double max = 0;
    for (long row = 0; row < exact.rows(); row += most) {
      int rows = (int) Math.min(most, exact.rows() - row);
      exact.read(row, rows, a, 0);
      stored.read(row, rows, b, 0);
      for (int i = 0; i < rows * columns; i++) {
        double difference = (double) b[i] - a[i];
        squares += (double) a[i] * a[i];
        errors += difference * difference;
        max = Math.max(max, Math.abs(difference));
      }
    }
    double relative = errors == 0 ? 0 : Math.sqrt(errors / squares);
    return new TensorError(
        original.name(), original.role(), original.layer(), stored.format(), relative, max);
  }
}
