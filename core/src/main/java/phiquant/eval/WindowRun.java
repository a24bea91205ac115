package phiquant.eval;

import phiquant.run.LanguageModel;

/** Runs a model over windows and hands on its prediction of every token. */
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
   * Runs over all windows.
   *
   * @return tokens per second that the model takes in, the median of the windows; what the sink
   *     does is not counted
   */
  static double run(LanguageModel model, int[][] windows, EvaluationProgress progress, Sink sink) {
    double[] speeds = new double[windows.length];
    for (int w = 0; w < windows.length; w++) {
      int first = w * (windows[w].length - 1);
      speeds[w] =
          run(model, windows[w], (index, next, logits) -> sink.accept(first + index, next, logits));
      progress.advance(windows[w].length);
    }
    return Speed.median(speeds);
  }

  /** The same over one, with tokens counted through it. */
  static double run(LanguageModel model, int[] window, Sink sink) {
    long[] elsewhere = new long[1];
    long start = System.nanoTime();
    model.logits(
        window,
        model.cache(window.length),
        (index, logits) -> {
          long begin = System.nanoTime();
          if (index + 1 < window.length) {
            sink.accept(index, window[index + 1], logits);
          }
          elsewhere[0] += System.nanoTime() - begin;
        });
    return window.length / ((System.nanoTime() - start - elsewhere[0]) / 1e9);
  }
}
