package phiquant.eval;

import java.io.Serializable;
import java.util.List;
import java.util.regex.Pattern;
import phiquant.run.Activations;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;

/**
 * What models are asked when they are compared, without the models: it can be sent to whoever runs
 * one. All answers together do not depend on who gave which.
 *
 * @param windows tokens of each window
 * @param interview the questions
 * @param activations with which artifacts run; the original runs with f32
 * @param ropeRule for all models
 * @param ignored tensors that are left out of every model, found anywhere in their names
 */
public record Exam(
    int[][] windows,
    Interview interview,
    List<Activations> activations,
    LongRopeRule ropeRule,
    List<Pattern> ignored)
    implements Serializable {

  /** How a model runs in it; with a cache in f32, for what is compared are the weights. */
  public RunOptions run(Activations activations, int threads) {
    return new RunOptions(threads, activations, ropeRule, CacheType.F32);
  }

  /** Tokens that are predicted in all windows. */
  int predicted() {
    return windows.length * (windows[0].length - 1);
  }
}
