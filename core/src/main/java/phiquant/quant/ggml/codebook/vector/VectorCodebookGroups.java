package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import phiquant.quant.ggml.codebook.CodebookGroups;
import phiquant.quant.ggml.codebook.CodebookSearch;
import phiquant.quant.ggml.codebook.Contenders;

/** {@link CodebookSearch} with vectors: many groups together. */
public final class VectorCodebookGroups implements CodebookGroups {
  private static final int LANES = FloatVector.SPECIES_PREFERRED.length();

  @Override
  public void find(
      CodebookSearch search, float[] x, int from, float[] weights, int at, int groups, Found out) {
    if (LANES > Contenders.BLOCK) {
      SCALAR.find(search, x, from, weights, at, groups, out);
      return;
    }
    Batch batch = new Batch(search);
    int n = search.group();
    for (int g = 0; g < groups; g += LANES) {
      int some = Math.min(LANES, groups - g);
      batch.begin(x, from + n * g, weights, at + n * g, some);
      for (int attempt = -search.tries(); attempt <= search.tries(); attempt++) {
        batch.attempt(search.top() + attempt * search.step());
      }
      batch.refine();
      batch.finish(out, g, some);
    }
  }
}
