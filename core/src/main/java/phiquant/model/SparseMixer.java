package phiquant.model;

/**
 * How a token's scores choose two experts (Liu et al. 2023, arXiv:2310.00811): the best, and then
 * the best of the rest. The weight of each is its softmax among the scores that come close to it,
 * so that it is 1 where none does; the two do not sum to 1. Source: {@code sparsemixer} in
 * transformers' {@code modeling_phimoe.py}, as it is outside of training.
 *
 * @param jitter half of how far below the best a score may lie, relative to the larger of the two,
 *     and still count: {@code router_jitter_noise}
 */
public record SparseMixer(double jitter) {
  /** Experts of a token. */
  public static final int CHOSEN = 2;

  /**
   * Chooses for one token.
   *
   * @param scores one for each expert
   * @param chosen receives {@value #CHOSEN} experts
   * @param weights receives what their outputs are multiplied with
   */
  public void choose(float[] scores, int[] chosen, float[] weights) {
    int none = -1;
    for (int i = 0; i < CHOSEN; i++) {
      int best = best(scores, none);
      chosen[i] = best;
      weights[i] = 1 / sum(scores, best, none);
      none = best;
    }
  }

  /** The first of the largest. */
  private static int best(float[] scores, int without) {
    int best = -1;
    for (int e = 0; e < scores.length; e++) {
      if (e != without && (best < 0 || scores[e] > scores[best])) {
        best = e;
      }
    }
    return best;
  }

  /** {@code Σ exp(score - best)} over those that come close. */
  private float sum(float[] scores, int best, int without) {
    float sum = 0;
    for (int e = 0; e < scores.length; e++) {
      float below = scores[best] - scores[e];
      float scale = Math.max(Math.abs(scores[e]), scores[best]);
      // Of two zeros the quotient is NaN, which is not above the limit either.
      if (e != without && !(below / scale > (float) (2 * jitter))) {
        sum += (float) Math.exp(-below);
      }
    }
    return sum;
  }
}
