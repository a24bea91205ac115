package phiquant.run;

import phiquant.model.SparseMixer;
import phiquant.run.matrix.Panels;

/**
 * Which of many tokens each expert gets: sorted by expert, so that an expert's matrices are read
 * once for all of its tokens.
 */
final class TokensByExpert {
  /** Where an expert's tokens begin, and after the last one's. */
  private final int[] begins;

  private final int[] tokens;
  private final float[] weights;

  private TokensByExpert(int[] begins, int[] tokens, float[] weights) {
    this.begins = begins;
    this.tokens = tokens;
    this.weights = weights;
  }

  /**
   * Chooses for every token.
   *
   * @param scores one feature for each expert
   */
  static TokensByExpert of(SparseMixer mixer, Panels scores) {
    int each = SparseMixer.CHOSEN;
    int[] experts = new int[scores.tokens() * each];
    float[] weights = new float[experts.length];
    int[] begins = new int[scores.features() + 1];
    float[] row = new float[scores.features()];
    int[] chosen = new int[each];
    float[] shares = new float[each];
    for (int t = 0; t < scores.tokens(); t++) {
      scores.get(t, row, 0);
      mixer.choose(row, chosen, shares);
      for (int i = 0; i < each; i++) {
        experts[t * each + i] = chosen[i];
        weights[t * each + i] = shares[i];
        begins[chosen[i] + 1]++;
      }
    }
    for (int e = 1; e < begins.length; e++) {
      begins[e] += begins[e - 1];
    }
    int[] next = begins.clone();
    int[] sortedTokens = new int[experts.length];
    float[] sortedWeights = new float[experts.length];
    for (int i = 0; i < experts.length; i++) {
      int to = next[experts[i]]++;
      sortedTokens[to] = i / each;
      sortedWeights[to] = weights[i];
    }
    return new TokensByExpert(begins, sortedTokens, sortedWeights);
  }

  boolean has(int expert) {
    return begins[expert] < begins[expert + 1];
  }

  /** An expert's tokens alone. */
  Panels take(int expert, Panels all) {
    int first = begins[expert];
    Panels some = new Panels(all.features(), begins[expert + 1] - first);
    float[] row = new float[all.features()];
    for (int t = 0; t < some.tokens(); t++) {
      all.get(tokens[first + t], row, 0);
      some.put(t, row, 0);
    }
    return some;
  }

  /** Adds what an expert gave to the sums of its tokens, times its weights. */
  void add(int expert, Panels some, Panels sums) {
    int first = begins[expert];
    float[] row = new float[some.features()];
    for (int t = 0; t < some.tokens(); t++) {
      some.get(t, row, 0);
      int token = tokens[first + t];
      float[] panel = sums.panel(token / Panels.WIDTH);
      for (int k = 0, i = token % Panels.WIDTH; k < row.length; k++, i += Panels.WIDTH) {
        panel[i] += weights[first + t] * row[k];
      }
    }
  }
}
