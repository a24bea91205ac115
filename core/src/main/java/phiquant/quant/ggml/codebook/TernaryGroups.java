package phiquant.quant.ggml.codebook;

/** Searches many groups of IQ1, one after the other. */
public interface TernaryGroups {
  /** Groups whose largest weight is below are zeros (GROUP_MAX_EPS_IQ1_S, …_IQ1_M). */
  static float smallest(int group) {
    return group == 32 ? 1e-12f : 1e-7f;
  }

  /**
   * Searches {@code groups} neighbouring groups.
   *
   * @param group 32 weights that share a shift (IQ1_S), or 16 of which each eight have theirs
   * @param weights how much errors count, from index {@code at}
   * @param out receives what is found, from index 0
   */
  void find(int group, float[] x, int from, float[] weights, int at, int groups, Found out);

  /**
   * What is found.
   *
   * @param scales one for each group
   * @param points one for each eight weights
   * @param down whether the levels of each eight weights are shifted down
   */
  record Found(float[] scales, int[] points, boolean[] down) {
    static Found room(int group, int weights) {
      return new Found(new float[weights / group], new int[weights / 8], new boolean[weights / 8]);
    }
  }

  /** One group at a time. */
  TernaryGroups SCALAR =
      (group, x, from, weights, at, groups, out) -> {
        TernarySearch search = new TernarySearch(group, smallest(group), TernarySearch::nearest);
        int eights = group / 8;
        for (int g = 0; g < groups; g++) {
          out.scales[g] = search.find(x, from + group * g, weights, at + group * g);
          System.arraycopy(search.points, 0, out.points, eights * g, eights);
          System.arraycopy(search.down, 0, out.down, eights * g, eights);
        }
      };
}
