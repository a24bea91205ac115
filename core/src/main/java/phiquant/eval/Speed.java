package phiquant.eval;

import java.util.Arrays;
import phiquant.run.LanguageModel;
import phiquant.run.attention.KvCache;
import phiquant.run.floats.Divergence;

/** How fast a model takes in a window and produces tokens: medians, so that warming up is out. */
public final class Speed {
  private static final int DECODED = 16;

  private Speed() {}

  /** Tokens that {@link #decode} takes; for progress. */
  static int tokens(int window) {
    return window + DECODED;
  }

  /** Tokens per second of a decode after a context of {@code tokens}. */
  public static double decode(LanguageModel model, int[] tokens, EvaluationProgress progress) {
    int context = Math.min(tokens.length + DECODED, model.config().contextLength());
    int room = context - DECODED;
    if (room < 1) {
      return Double.NaN;
    }
    KvCache cache = model.cache(context);
    float[] logits = model.logits(Arrays.copyOf(tokens, Math.min(room, tokens.length)), cache);
    progress.advance(tokens.length);
    double[] seconds = new double[DECODED];
    for (int i = 0; i < DECODED; i++) {
      long start = System.nanoTime();
      logits = model.logits(new int[] {Divergence.top(logits)}, cache);
      seconds[i] = (System.nanoTime() - start) / 1e9;
      progress.advance(1);
    }
    return 1 / median(seconds);
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return Scores.quantile(sorted, 0.5);
  }
}
