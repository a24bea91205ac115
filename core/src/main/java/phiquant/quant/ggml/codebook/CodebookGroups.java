package phiquant.quant.ggml.codebook;

/** Searches many groups of IQ2 and IQ3, one after the other. */
public interface CodebookGroups {
  /**
   * Searches {@code groups} neighbouring groups.
   *
   * @param weights how much errors count, from index {@code at}
   * @param out receives what is found, from index 0
   */
  void find(
      CodebookSearch search, float[] x, int from, float[] weights, int at, int groups, Found out);

  /**
   * What is found.
   *
   * @param scales one for each group
   * @param points one for each four or eight weights
   * @param signs a byte for each eight weights, whose bits are minus signs
   */
  record Found(float[] scales, int[] points, byte[] signs) {
    static Found room(CodebookSearch search, int weights) {
      return new Found(
          new float[weights / search.group()],
          new int[weights / search.book().dimension()],
          new byte[weights / 8]);
    }
  }

  /** One group at a time. */
  CodebookGroups SCALAR =
      (search, x, from, weights, at, groups, out) -> {
        CodebookSearch.Scratch scratch = new CodebookSearch.Scratch();
        int n = search.group();
        int points = n / search.book().dimension();
        for (int g = 0; g < groups; g++) {
          out.scales[g] =
              search.find(
                  x,
                  from + n * g,
                  weights,
                  at + n * g,
                  scratch,
                  out.points,
                  points * g,
                  out.signs,
                  n / 8 * g);
        }
      };
}
