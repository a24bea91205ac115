package phiquant.run;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How likely a token was, and others in its place, by the model's logits as they are: before
 * temperature, penalties and whatever else the choice obeys.
 *
 * @param chosen the token that came
 * @param likeliest others and maybe itself, the likeliest first
 */
public record Chances(Chance chosen, List<Chance> likeliest) {
  /**
   * One token.
   *
   * @param token its id
   * @param logarithm the natural one of its probability
   */
  public record Chance(int token, double logarithm) {}

  /** Of a softmax before the choice, so that it is known when the token is. */
  static final class Before {
    private final float[] logits;
    private final double sum;
    private final List<Integer> likeliest;

    /**
     * @param logits kept as they are
     * @param count how many of the likeliest tokens
     */
    Before(float[] logits, int count) {
      this.logits = logits.clone();
      double max = Double.NEGATIVE_INFINITY;
      for (float logit : logits) {
        max = Math.max(max, logit);
      }
      double total = 0;
      for (float logit : logits) {
        total += Math.exp(logit - max);
      }
      this.sum = max + Math.log(total);
      this.likeliest = likeliest(count);
    }

    /** Of equals the lower id. */
    private List<Integer> likeliest(int count) {
      Comparator<Integer> order =
          Comparator.<Integer>comparingDouble(id -> -logits[id]).thenComparing(id -> id);
      PriorityQueue<Integer> kept = new PriorityQueue<>(order.reversed());
      for (int id = 0; id < logits.length && count > 0; id++) {
        if (kept.size() < count || logits[id] > logits[kept.element()]) {
          kept.add(id);
        }
        if (kept.size() > count) {
          kept.remove();
        }
      }
      return kept.stream().sorted(order).toList();
    }

    Chances of(int token) {
      return new Chances(chance(token), likeliest.stream().map(this::chance).toList());
    }

    private Chance chance(int token) {
      return new Chance(token, logits[token] - sum);
    }
  }
}
