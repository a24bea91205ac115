package phiquant.eval;

import java.io.Serializable;
import java.util.List;
import phiquant.run.LanguageModel;
import phiquant.run.floats.Divergence;

/**
 * What a model made of one window, token by token. Sums of floats depend on their order, so windows
 * that were run in any order, wherever, are added up in theirs.
 *
 * @param losses {@code -ln q} of each token that really follows
 * @param divergences KL from the original's predictions
 * @param same whether the most probable token is the original's
 * @param speed tokens per second that the model took in
 */
public record WindowScores(double[] losses, double[] divergences, boolean[] same, double speed)
    implements Serializable {
  /** How an original predicts its window, which is as it predicts it. */
  public static WindowScores of(ReferenceWindow reference) {
    WindowScores scores = empty(reference.predicted().length, reference.speed());
    for (int i = 0; i < scores.losses.length; i++) {
      int next = reference.tokens()[i + 1];
      scores.set(i, new Divergence.Of(-reference.predicted()[i][next], 0, true));
    }
    return scores;
  }

  /** How a model predicts a window beside the original. */
  public static WindowScores of(LanguageModel model, ReferenceWindow reference) {
    WindowScores scores = empty(reference.predicted().length, Double.NaN);
    double speed =
        WindowRun.run(
            model,
            reference.tokens(),
            (index, next, logits) ->
                scores.set(index, Divergence.of(reference.predicted()[index], logits, next)));
    return new WindowScores(scores.losses, scores.divergences, scores.same, speed);
  }

  private static WindowScores empty(int predicted, double speed) {
    return new WindowScores(
        new double[predicted], new double[predicted], new boolean[predicted], speed);
  }

  private void set(int index, Divergence.Of prediction) {
    losses[index] = prediction.loss();
    divergences[index] = prediction.divergence();
    same[index] = prediction.sameTop();
  }

  /** Of all windows, in their order. */
  public static Scores sum(List<WindowScores> windows) {
    int predicted = windows.stream().mapToInt(window -> window.losses.length).sum();
    Scores.Collector collector = new Scores.Collector(predicted);
    for (WindowScores window : windows) {
      for (int i = 0; i < window.losses.length; i++) {
        collector.add(new Divergence.Of(window.losses[i], window.divergences[i], window.same[i]));
      }
    }
    return collector.scores();
  }

  /** The median of the windows' speeds. */
  public static double speed(List<WindowScores> windows) {
    return Speed.median(windows.stream().mapToDouble(WindowScores::speed).toArray());
  }
}
