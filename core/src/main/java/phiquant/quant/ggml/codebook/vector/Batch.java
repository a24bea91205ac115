package phiquant.quant.ggml.codebook.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.CodebookGroups;
import phiquant.quant.ggml.codebook.CodebookSearch;

/** {@link CodebookSearch} of as many groups as there are lanes, each in the scalar form's order. */
final class Batch {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  private final CodebookSearch search;
  private final int dimension;
  private final int count;
  private final Assignment assignment;
  private final PositiveLanes positive;

  /** A group in each lane: weight i of all groups is one vector; and the roots of the weights. */
  private final float[] values;

  private final float[] weights;
  private final float[] roots;

  /** Of values and weights. */
  private final float[] products;

  private final Assignment.Fourfold fourfold;

  private final float[] scales = new float[LANES];
  private final float[] reaches = new float[LANES];
  private final float[] bests = new float[LANES];
  private final float[] inverses = new float[LANES];
  private final float[] candidateScales = new float[LANES];
  private final float[] sumsQx = new float[LANES];
  private final float[] sumsQ2 = new float[LANES];
  private final boolean[] zero = new boolean[LANES];

  /** Entries of points, and 1 where levels were a combination in the codebook: by point, group. */
  private final int[] candidate;

  private final int[] knownCandidate;
  private final int[] best;
  private final int[] known;
  private final byte[] signs;

  Batch(CodebookSearch search) {
    this.search = search;
    this.dimension = search.book().dimension();
    this.count = search.group() / dimension;
    this.assignment = new Assignment(search.book());
    int n = search.group();
    this.positive = new PositiveLanes(n);
    this.values = new float[n * LANES];
    this.weights = new float[n * LANES];
    this.roots = new float[n * LANES];
    this.products = new float[n * LANES];
    this.fourfold = Assignment.Fourfold.room(dimension == 8 ? n : 0);
    this.candidate = new int[count * LANES];
    this.knownCandidate = new int[count * LANES];
    this.best = new int[count * LANES];
    this.known = new int[count * LANES];
    this.signs = new byte[n / 8 * LANES];
  }

  /** Takes groups, and looks around what each is likely to want as a scale. */
  void begin(float[] x, int from, float[] w, int at, int groups) {
    int n = search.group();
    float[] own = new float[32];
    Arrays.fill(zero, true);
    Arrays.fill(best, assignment.first());
    Arrays.fill(known, search.retry() == CodebookSearch.Retry.ANY ? 1 : 0);
    Arrays.fill(scales, 0);
    Arrays.fill(bests, 0);
    Arrays.fill(reaches, 1);
    Arrays.fill(values, 0);
    Arrays.fill(weights, 0);
    for (int lane = 0; lane < groups; lane++) {
      int first = at + n * lane;
      float max = search.takeSigns(x, from + n * lane, w, first, own, signs, n / 8 * lane);
      if (max < search.smallest()) {
        continue;
      }
      zero[lane] = false;
      scales[lane] = max / search.top();
      reaches[lane] = max;
      for (int i = 0; i < n; i++) {
        values[i * LANES + lane] = own[i];
        weights[i * LANES + lane] = w[first + i];
      }
    }
    for (int i = 0; i < products.length; i += LANES) {
      FloatVector weight = FloatVector.fromArray(FLOATS, weights, i);
      weight.mul(FloatVector.fromArray(FLOATS, values, i)).intoArray(products, i);
      weight.lanewise(VectorOperators.SQRT).intoArray(roots, i);
    }
    if (dimension == 8) {
      for (int lane = 0; lane < groups; lane++) {
        for (int i = 0; i < n; i++) {
          fourfold.put(lane, i, values[i * LANES + lane], roots[i * LANES + lane]);
        }
      }
    }
    if (search.retry() == CodebookSearch.Retry.ALL) {
      positive.find(CodebookSearch.FIRST_TOP, values, weights, scales);
      for (int lane = 0; lane < groups; lane++) {
        reaches[lane] = scales[lane] * 3;
        zero[lane] |= reaches[lane] <= 0;
      }
    }
  }

  /** Tries one grid. */
  void attempt(float top) {
    FloatVector inverse =
        FloatVector.broadcast(FLOATS, top).div(FloatVector.fromArray(FLOATS, reaches, 0));
    inverse.intoArray(inverses, 0);
    FloatVector.broadcast(FLOATS, 1f).div(inverse).intoArray(candidateScales, 0);
    for (int k = 0; k < count; k++) {
      assignment.find(
          values, roots, fourfold, k, inverses, candidateScales, zero, candidate, knownCandidate);
    }
    sums();
    FloatVector sumQx = FloatVector.fromArray(FLOATS, sumsQx, 0);
    FloatVector sumQ2 = FloatVector.fromArray(FLOATS, sumsQ2, 0);
    FloatVector old = FloatVector.fromArray(FLOATS, bests, 0);
    VectorMask<Float> better =
        sumQ2
            .compare(VectorOperators.GT, 0f)
            .and(sumQx.mul(sumQx).compare(VectorOperators.GT, old.mul(sumQ2)));
    if (!better.anyTrue()) {
      return;
    }
    FloatVector scale = sumQx.div(sumQ2);
    FloatVector.fromArray(FLOATS, scales, 0).blend(scale, better).intoArray(scales, 0);
    old.blend(scale.mul(sumQx), better).intoArray(bests, 0);
    VectorMask<Integer> taken = better.cast(INTS);
    int remember = search.retry() == CodebookSearch.Retry.ALL ? 0 : 1;
    for (int k = 0; k < best.length; k += LANES) {
      IntVector.fromArray(INTS, candidate, k).intoArray(best, k, taken);
      IntVector.fromArray(INTS, knownCandidate, k).and(remember).intoArray(known, k, taken);
    }
  }

  /** Of the candidates' points. */
  private void sums() {
    FloatVector sumQx = FloatVector.zero(FLOATS);
    FloatVector sumQ2 = FloatVector.zero(FLOATS);
    int bits = dimension == 8 ? 2 : 4;
    for (int k = 0; k < count; k++) {
      IntVector entry = IntVector.fromArray(INTS, candidate, k * LANES);
      for (int i = 0; i < dimension; i++) {
        // Says what it is; the package of numbers tells why.
        entry = (IntVector) INTS.vectorType().cast(entry);
        IntVector part = entry.and((1 << bits) - 1);
        FloatVector q = (FloatVector) part.convert(VectorOperators.I2F, 0);
        if (dimension == 8) {
          q = q.add(q).add(1f);
        }
        int at = (k * dimension + i) * LANES;
        sumQx = FloatVector.fromArray(FLOATS, products, at).mul(q).add(sumQx);
        sumQ2 = FloatVector.fromArray(FLOATS, weights, at).mul(q).mul(q).add(sumQ2);
        entry = entry.lanewise(VectorOperators.LSHR, bits);
      }
    }
    sumQx.intoArray(sumsQx, 0);
    sumQ2.intoArray(sumsQ2, 0);
  }

  /** Assigns some points anew by the best scale, and fits it once more. */
  void refine() {
    boolean[] refined = new boolean[LANES];
    boolean[] still = new boolean[LANES];
    boolean any = false;
    for (int lane = 0; lane < LANES; lane++) {
      boolean all = true;
      for (int k = lane; k < known.length; k += LANES) {
        all &= known[k] != 0;
      }
      refined[lane] = !all && scales[lane] > 0 && !zero[lane];
      still[lane] = !refined[lane];
      any |= refined[lane];
      inverses[lane] = 1 / scales[lane];
    }
    if (!any) {
      return;
    }
    for (int k = 0; k < count; k++) {
      assignment.find(
          values, roots, fourfold, k, inverses, scales, still, candidate, knownCandidate);
    }
    for (int k = 0; k < known.length; k++) {
      if (refined[k % LANES] && (search.retry() != CodebookSearch.Retry.ANY || known[k] == 0)) {
        best[k] = candidate[k];
      } else {
        candidate[k] = best[k];
      }
    }
    sums();
    for (int lane = 0; lane < LANES; lane++) {
      if (refined[lane] && sumsQ2[lane] > 0) {
        scales[lane] = sumsQx[lane] / sumsQ2[lane];
      }
    }
  }

  void finish(CodebookGroups.Found out, int first, int groups) {
    int eights = search.group() / 8;
    for (int lane = 0; lane < groups; lane++) {
      int g = first + lane;
      boolean minus = scales[lane] < 0;
      out.scales()[g] = zero[lane] ? 0 : minus ? -scales[lane] : scales[lane];
      for (int k = 0; k < count; k++) {
        out.points()[count * g + k] = zero[lane] ? 0 : best[k * LANES + lane] >> 16;
      }
      for (int k = 0; k < eights; k++) {
        byte own = signs[eights * lane + k];
        out.signs()[eights * g + k] = (byte) (zero[lane] ? 0 : minus ? ~own : own);
      }
    }
  }
}
