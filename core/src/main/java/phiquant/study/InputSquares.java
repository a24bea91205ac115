package phiquant.study;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.model.PhiModel;

/**
 * How strong the inputs of every matrix were on a text, as an importance matrix has them: who knows
 * that rounds weights so that what they are multiplied with suffers least.
 *
 * @param matrix its file, as it was named
 */
public record InputSquares(String matrix) implements Study<InputSquares.Found> {
  /** The option of targets that names the file. */
  public static final String KEY = "imatrix";

  /**
   * What the file says.
   *
   * @param texts names of those that were read
   * @param columns by the weight's name, the mean square of what each column is multiplied with
   */
  public record Found(List<String> texts, Map<String, float[]> columns) {
    /** Nothing: all columns count alike. */
    public static final Found NOTHING = new Found(List.of(), Map.of());

    /**
     * How much the columns of a weight, or of some rows of it, count; of matrices that are piled up
     * those of each. Empty if nothing is known.
     */
    public List<float[]> of(StoredTensor weight) {
      List<StoredTensor> matrices = weight instanceof Piled piled ? piled.parts() : List.of(weight);
      return matrices.stream()
          .map(matrix -> columns.get(matrix.name()))
          .filter(Objects::nonNull)
          .toList();
    }
  }

  /** What a target's options ask for, if they do. */
  public static Optional<InputSquares> of(Map<String, String> options) {
    return Optional.ofNullable(options.get(KEY)).map(InputSquares::new);
  }

  /** Says that a target has nothing to choose by a calibration. */
  public static UserError uselessFor(String target) {
    return UserError.usage(
        target
            + " has no scales that a calibration could choose: leave --calibration ("
            + KEY
            + ") out for it.");
  }

  /** What was found, or nothing if nothing was asked. */
  public static Found found(Optional<InputSquares> asked, Findings findings) {
    return asked.map(findings::of).orElse(Found.NOTHING);
  }

  @Override
  public Found assumed(PhiModel model) {
    return Found.NOTHING;
  }
}
