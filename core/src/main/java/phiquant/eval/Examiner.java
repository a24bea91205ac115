package phiquant.eval;

import java.nio.file.Path;
import java.util.List;
import phiquant.model.PhiModel;

/** Who runs the models that are compared: this process, or the machines of a cluster. */
public interface Examiner {
  /**
   * Examines an original and what was made from it.
   *
   * @return of the original, then of each artifact
   * @throws phiquant.UserError if a model's files were changed, or it predicts nothing
   */
  List<Examined> examine(PhiModel original, List<Path> artifacts, Exam exam);

  /** Threads that each model is run with. */
  int threads();

  /** What a person should know of how it was measured, a sentence each. */
  default List<String> notices() {
    return List.of();
  }
}
