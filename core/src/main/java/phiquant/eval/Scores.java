package phiquant.eval;

import java.util.Arrays;
import phiquant.run.floats.Divergence;

/**
 * How well a model predicts a text, in figures.
 *
 * @param perplexity {@code exp(mean of -ln p(next token))}
 * @param meanKl mean over tokens of the Kullback-Leibler divergence from the original, in nats
 * @param medianKl its median
 * @param p99Kl its 99th percentile
 * @param sameTop share of tokens where the most probable next token is the original's
 */
public record Scores(
    double perplexity, double meanKl, double medianKl, double p99Kl, double sameTop) {

  /** Takes one token's prediction after another. */
  static final class Collector {
    private final double[] divergences;
    private double loss;
    private int same;
    private int count;

    Collector(int predicted) {
      divergences = new double[predicted];
    }

    void add(Divergence.Of prediction) {
      divergences[count++] = prediction.divergence();
      loss += prediction.loss();
      same += prediction.sameTop() ? 1 : 0;
    }

    Scores scores() {
      double[] sorted = divergences.clone();
      Arrays.sort(sorted);
      return new Scores(
          Math.exp(loss / count),
          Arrays.stream(sorted).sum() / count,
          quantile(sorted, 0.5),
          quantile(sorted, 0.99),
          (double) same / count);
    }
  }

  /** Between the two nearest values in proportion, as numpy's percentile does. */
  static double quantile(double[] sorted, double q) {
    double at = q * (sorted.length - 1);
    int below = (int) at;
    double above = sorted[Math.min(below + 1, sorted.length - 1)];
    return sorted[below] + (at - below) * (above - sorted[below]);
  }
}
