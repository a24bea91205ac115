package phiquant.eval;

import phiquant.run.LanguageModel;

/** Runs a model over all windows and hands on its prediction of every token. */
final class WindowRun {
  private WindowRun() {}

  /** Receives predictions. */
  interface Sink {
    /**
     * Called in order.
     *
     * @param index of the predicted token, counted through all windows
     * @param next the token that really follows
     * @param logits valid until it returns
     */
    void accept(int index, int next, float[] logits);
  }

  /**
   * Runs.
   *
   * @return tokens per second that the model takes in, the median of the windows; what the sink
   *     does is not counted
   */
  static double run(LanguageModel model, Windows windows, EvaluationProgress progress, Sink sink) {
    double[] speeds = new double[windows.count()];
    for (int w = 0; w < windows.count(); w++) {
      int[] window = windows.tokens()[w];
      int first = w * (window.length - 1);
      long[] elsewhere = new long[1];
      long start = System.nanoTime();
      model.logits(
          window,
          model.cache(window.length),
          (index, logits) -> {
            long begin = System.nanoTime();
            if (index + 1 < window.length) {
              sink.accept(first + index, window[index + 1], logits);
            }
            elsewhere[0] += System.nanoTime() - begin;
          });
      speeds[w] = window.length / ((System.nanoTime() - start - elsewhere[0]) / 1e9);
      progress.advance(window.length);
    }
    return Speed.median(speeds);
  }
}
