package phiquant.eval;

import java.io.Serializable;
import phiquant.run.LanguageModel;
import phiquant.run.floats.Divergence;

/**
 * A window and what the original predicts in it, with which artifacts are compared wherever they
 * run.
 *
 * @param tokens of the window
 * @param predicted logarithms of probabilities, {@code [predicted tokens][vocabulary]}
 * @param speed tokens per second that the original took in
 */
public record ReferenceWindow(int[] tokens, float[][] predicted, double speed)
    implements Serializable {
  /** Runs the original. */
  public static ReferenceWindow of(LanguageModel original, int[] tokens) {
    float[][] predicted = new float[tokens.length - 1][];
    double speed =
        WindowRun.run(
            original,
            tokens,
            (index, next, logits) -> {
              Divergence.normalize(logits);
              predicted[index] = logits.clone();
            });
    return new ReferenceWindow(tokens, predicted, speed);
  }
}
