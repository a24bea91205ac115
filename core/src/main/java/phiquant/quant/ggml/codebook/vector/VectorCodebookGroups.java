package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.Codebook;
import phiquant.quant.ggml.codebook.CodebookGroups;
import phiquant.quant.ggml.codebook.CodebookSearch;
import phiquant.quant.ggml.codebook.Neighbours;
import phiquant.quant.ggml.codebook.Permutations;

/**
 * {@link CodebookSearch} with vectors, each lane in the order of the scalar form: levels and sums
 * with a group in each lane, neighbours with a neighbour in each lane. The error of a weight takes
 * few values, one for each level, so it is computed once and looked up for every neighbour.
 */
public final class VectorCodebookGroups implements CodebookGroups {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final float MAGIC = 12582912f;

  @Override
  public void find(
      CodebookSearch search, float[] x, int from, float[] weights, int at, int groups, Found out) {
    int width = search.book().levels() == 3 ? 4 : 8;
    if (width > LANES) {
      SCALAR.find(search, x, from, weights, at, groups, out);
      return;
    }
    Batch batch = new Batch(search, width);
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

  /** As many groups as there are lanes. */
  private static final class Batch {
    final CodebookSearch search;
    final Codebook book;
    final int dimension;
    final int count;
    final int width;
    final int[] places;
    final short[] points;
    final int[] lists;
    final int[] codes;

    /** A group in each lane: weight i of all groups is one vector. */
    final float[] values;

    final float[] weights;

    /** The products of both. */
    final float[] products;

    /** Twice the level of the candidate's points, plus one. */
    final float[] chosen;

    /** For each group and weight, entries of a table: the value and the root of its weight. */
    final float[] spread;

    final float[] roots;
    final float[] steps = new float[LANES];

    final int[] numbers = new int[LANES];
    final float[] scales = new float[LANES];
    final float[] reaches = new float[LANES];
    final float[] bests = new float[LANES];
    final float[] inverses = new float[LANES];
    final float[] candidateScales = new float[LANES];
    final boolean[] zero = new boolean[LANES];

    /** The points and whether levels were a combination in the codebook: by point, then group. */
    final int[] candidate;

    final int[] best;
    final boolean[] known;
    final boolean[] knownCandidate;
    final byte[] signs;
    final float[] levelTable;

    /** The errors of each weight by level. */
    final float[] tables = new float[32];

    Batch(CodebookSearch search, int width) {
      this.search = search;
      this.book = search.book();
      this.dimension = book.dimension();
      this.count = search.group() / dimension;
      this.width = width;
      Neighbours neighbours = Neighbours.of(book);
      this.places = neighbours.places();
      this.points = neighbours.points();
      this.lists = Permutations.of(book, LANES, width).lists();
      this.codes = Permutations.of(book, LANES, width).codes();
      int n = search.group();
      this.values = new float[n * LANES];
      this.weights = new float[n * LANES];
      this.products = new float[n * LANES];
      this.chosen = new float[n * LANES];
      this.spread = new float[n * LANES * width];
      this.roots = new float[n * LANES * width];
      this.candidate = new int[count * LANES];
      this.best = new int[count * LANES];
      this.known = new boolean[count * LANES];
      this.knownCandidate = new boolean[count * LANES];
      this.signs = new byte[n / 8 * LANES];
      this.levelTable = new float[LANES];
      for (int i = 0; i < LANES; i++) {
        levelTable[i] = 2 * (i % width) + 1;
      }
    }

    void begin(float[] x, int from, float[] w, int at, int groups) {
      int n = search.group();
      float[] magnitudes = new float[32];
      java.util.Arrays.fill(zero, true);
      java.util.Arrays.fill(best, 0);
      java.util.Arrays.fill(known, search.retry() == CodebookSearch.Retry.ANY);
      java.util.Arrays.fill(scales, 0);
      java.util.Arrays.fill(bests, 0);
      java.util.Arrays.fill(reaches, 1);
      java.util.Arrays.fill(values, 0);
      java.util.Arrays.fill(weights, 0);
      for (int lane = 0; lane < groups; lane++) {
        int group = from + n * lane;
        int first = at + n * lane;
        float max = search.takeSigns(x, group, w, first, magnitudes, signs, n / 8 * lane);
        if (max < search.smallest()) {
          continue;
        }
        scales[lane] = max / search.top();
        reaches[lane] = max;
        if (search.retry() == CodebookSearch.Retry.ALL) {
          scales[lane] = search.firstScale(magnitudes, w, first);
          reaches[lane] = scales[lane] * 3;
          if (reaches[lane] <= 0) {
            continue;
          }
        }
        zero[lane] = false;
        for (int i = 0; i < n; i++) {
          values[i * LANES + lane] = magnitudes[i];
          weights[i * LANES + lane] = w[first + i];
          float root = (float) Math.sqrt(w[first + i]);
          int place = (n * lane + i) * width;
          for (int level = 0; level < width; level++) {
            spread[place + level] = magnitudes[i];
            roots[place + level] = root;
          }
        }
      }
      for (int i = 0; i < products.length; i += LANES) {
        FloatVector.fromArray(FLOATS, weights, i)
            .mul(FloatVector.fromArray(FLOATS, values, i))
            .intoArray(products, i);
      }
    }

    /** Tries one grid. */
    void attempt(float top) {
      FloatVector inverse =
          FloatVector.broadcast(FLOATS, top).div(FloatVector.fromArray(FLOATS, reaches, 0));
      inverse.intoArray(inverses, 0);
      FloatVector.broadcast(FLOATS, 1f).div(inverse).intoArray(candidateScales, 0);
      assign(candidateScales, null);
      sums();
      FloatVector sumQx = FloatVector.fromArray(FLOATS, sumsQx, 0);
      FloatVector sumQ2 = FloatVector.fromArray(FLOATS, sumsQ2, 0);
      FloatVector old = FloatVector.fromArray(FLOATS, bests, 0);
      VectorMask<Float> better =
          sumQ2
              .compare(VectorOperators.GT, 0f)
              .and(sumQx.mul(sumQx).compare(VectorOperators.GT, old.mul(sumQ2)));
      FloatVector scale = sumQx.div(sumQ2);
      FloatVector.fromArray(FLOATS, scales, 0).blend(scale, better).intoArray(scales, 0);
      old.blend(scale.mul(sumQx), better).intoArray(bests, 0);
      boolean remember = search.retry() != CodebookSearch.Retry.ALL;
      long won = better.toLong();
      for (int lane = 0; lane < LANES; lane++) {
        if ((won >> lane & 1) != 0) {
          for (int k = lane; k < candidate.length; k += LANES) {
            best[k] = candidate[k];
            known[k] = remember && knownCandidate[k];
          }
        }
      }
    }

    final float[] sumsQx = new float[LANES];
    final float[] sumsQ2 = new float[LANES];

    /**
     * Assigns points by {@link #inverses}.
     *
     * @param keep points that stay, or null
     */
    private void assign(float[] scale, boolean[] keep) {
      for (int k = 0; k < count; k++) {
        numbers(k);
        for (int lane = 0; lane < LANES; lane++) {
          int slot = k * LANES + lane;
          if (zero[lane] || (keep != null && keep[slot])) {
            continue;
          }
          int place = places[numbers[lane]];
          knownCandidate[slot] = place >= 0;
          candidate[slot] = place >= 0 ? place : nearest(~place, lane, k, scale[lane]);
        }
      }
      choose();
    }

    /** Twice the levels of the candidates' points, plus one, from their codes. */
    private void choose() {
      for (int k = 0; k < count; k++) {
        for (int lane = 0; lane < LANES; lane++) {
          numbers[lane] = codes[candidate[k * LANES + lane]];
        }
        IntVector code = IntVector.fromArray(INTS, numbers, 0);
        for (int i = 0; i < dimension; i++) {
          IntVector level = code.lanewise(VectorOperators.LSHR, 4 * i).and(width - 1);
          FloatVector q = (FloatVector) level.add(level).add(1).convert(VectorOperators.I2F, 0);
          q.intoArray(chosen, (k * dimension + i) * LANES);
        }
      }
    }

    /** The numbers of the combinations of levels of all groups. */
    private void numbers(int k) {
      FloatVector inverse = FloatVector.fromArray(FLOATS, inverses, 0);
      IntVector number = IntVector.zero(INTS);
      int base = book.levels();
      for (int i = dimension - 1; i >= 0; i--) {
        FloatVector v = FloatVector.fromArray(FLOATS, values, (k * dimension + i) * LANES);
        IntVector level =
            inverse
                .mul(v)
                .sub(1f)
                .mul(0.5f)
                .add(MAGIC)
                .reinterpretAsInts()
                .and(0x007fffff)
                .sub(0x00400000)
                .max(0)
                .min(base - 1);
        number = number.mul(base).add(level);
      }
      number.intoArray(numbers, 0);
    }

    /** The neighbour of smallest error, the first of equals. */
    private int nearest(int begin, int lane, int k, float scale) {
      int length = points[begin];
      int place = (search.group() * lane + k * dimension) * width;
      FloatVector step = FloatVector.fromArray(FLOATS, levelTable, 0).mul(scale);
      for (int t = 0; t < dimension * width; t += LANES) {
        FloatVector difference = step.sub(FloatVector.fromArray(FLOATS, spread, place + t));
        FloatVector.fromArray(FLOATS, roots, place + t)
            .mul(difference)
            .mul(difference)
            .intoArray(tables, t);
      }
      FloatVector least = FloatVector.broadcast(FLOATS, Float.MAX_VALUE);
      IntVector where = IntVector.zero(INTS);
      int perTable = LANES / width;
      for (int j = 0; j < length; j += LANES) {
        IntVector codes = IntVector.fromArray(INTS, lists, begin + 1 + j);
        FloatVector error = FloatVector.zero(FLOATS);
        for (int i = 0; i < dimension; i++) {
          IntVector table =
              FloatVector.fromArray(FLOATS, tables, i / perTable * LANES).reinterpretAsInts();
          IntVector index = codes.lanewise(VectorOperators.LSHR, 4 * i).and(LANES - 1);
          error = error.add(index.selectFrom(table).reinterpretAsFloats());
        }
        VectorMask<Float> closer = error.lt(least);
        least = least.blend(error, closer);
        where = where.blend(j, closer.cast(INTS));
      }
      float smallest = least.reduceLanes(VectorOperators.MIN);
      if (!(smallest < Float.MAX_VALUE)) {
        return points[begin + 1];
      }
      VectorMask<Float> equal = least.eq(smallest);
      if (length <= LANES) {
        return points[begin + 1 + equal.firstTrue()];
      }
      int index = where.addIndex(1).reduceLanes(VectorOperators.MIN, equal.cast(INTS));
      return points[begin + 1 + index];
    }

    private void sums() {
      FloatVector sumQx = FloatVector.zero(FLOATS);
      FloatVector sumQ2 = FloatVector.zero(FLOATS);
      for (int i = 0; i < values.length; i += LANES) {
        FloatVector q = FloatVector.fromArray(FLOATS, chosen, i);
        sumQx = sumQx.add(FloatVector.fromArray(FLOATS, products, i).mul(q));
        sumQ2 = sumQ2.add(FloatVector.fromArray(FLOATS, weights, i).mul(q).mul(q));
      }
      sumQx.intoArray(sumsQx, 0);
      sumQ2.intoArray(sumsQ2, 0);
    }

    /** Assigns some points anew by the best scale, and fits it once more. */
    void refine() {
      boolean[] keep = new boolean[known.length];
      boolean[] refined = new boolean[LANES];
      for (int lane = 0; lane < LANES; lane++) {
        boolean all = true;
        for (int k = lane; k < known.length; k += LANES) {
          all &= known[k];
        }
        refined[lane] = !all && scales[lane] > 0 && !zero[lane];
        inverses[lane] = 1 / scales[lane];
        for (int k = lane; k < known.length; k += LANES) {
          keep[k] = !refined[lane] || (search.retry() == CodebookSearch.Retry.ANY && known[k]);
        }
      }
      System.arraycopy(best, 0, candidate, 0, best.length);
      assign(scales, keep);
      System.arraycopy(candidate, 0, best, 0, best.length);
      sums();
      for (int lane = 0; lane < LANES; lane++) {
        if (refined[lane] && sumsQ2[lane] > 0) {
          scales[lane] = sumsQx[lane] / sumsQ2[lane];
        }
      }
    }

    void finish(Found out, int first, int groups) {
      int eights = search.group() / 8;
      for (int lane = 0; lane < groups; lane++) {
        int g = first + lane;
        boolean minus = scales[lane] < 0;
        out.scales()[g] = zero[lane] ? 0 : minus ? -scales[lane] : scales[lane];
        for (int k = 0; k < count; k++) {
          out.points()[count * g + k] = zero[lane] ? 0 : best[k * LANES + lane];
        }
        for (int k = 0; k < eights; k++) {
          byte own = signs[eights * lane + k];
          out.signs()[eights * g + k] = (byte) (zero[lane] ? 0 : minus ? ~own : own);
        }
      }
    }
  }
}
