package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.Codebook;
import phiquant.quant.ggml.codebook.Contenders;
import phiquant.quant.ggml.codebook.Neighbours;

/**
 * Gives weights levels by a scale, and moves them to the nearest point of the codebook. Short lists
 * of points of four weights are searched with a group in each lane, long ones of eight weights with
 * a point in each lane.
 */
final class Assignment {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final float MAGIC = 12582912f;

  /** What the levels of eight weights stand for, and any fourth, for {@link PointErrors}. */
  private static final float[] LEVELS = {1, 3, 5, 5, 1, 3, 5, 5, 1, 3, 5, 5, 1, 3, 5, 5};

  /** Between two levels, as a part of their distance, where rounding may tell on either side. */
  private static final float BETWEEN = 0.4999f;

  /**
   * Scales below lose digits, so that levels are not where they should be; above, they overflow.
   */
  private static final float TINY = 1e-30f;

  private static final float HUGE = 1e30f;

  /**
   * Weights of groups and the roots of how much their errors count, one group after the other and
   * each four times.
   *
   * @param group weights of a group
   */
  record Fourfold(int group, float[] values, float[] roots) {
    static Fourfold room(int group) {
      return new Fourfold(group, new float[4 * group * LANES], new float[4 * group * LANES]);
    }

    void put(int lane, int i, float value, float root) {
      for (int k = 4 * (group * lane + i); k < 4 * (group * lane + i + 1); k++) {
        values[k] = value;
        roots[k] = root;
      }
    }

    /** Where eight weights of a group are. */
    int at(int lane, int eight) {
      return 4 * (group * lane + 8 * eight);
    }
  }

  private final int dimension;
  private final int levels;
  private final Neighbours neighbours;
  private final int[] words;
  private final int[] entries;
  private final int[] points;
  private final int[] numbers = new int[LANES];
  private final int[] places = new int[LANES];
  private final int[] longPlaces = new int[LANES];
  private final PointErrors errors = new PointErrors();

  /** Of entries of eight weights. */
  private final int[] codes;

  private final float[] ownValues = new float[8];
  private final float[] ownRoots = new float[8];

  Assignment(Codebook book) {
    this.dimension = book.dimension();
    this.levels = book.levels();
    this.neighbours = Neighbours.of(book);
    Contenders contenders = Contenders.of(book);
    this.words = contenders.words();
    this.entries = contenders.entries();
    this.points = contenders.points();
    this.codes = contenders.codes();
  }

  /** The entry of the first point. */
  int first() {
    return points[0];
  }

  /**
   * Finds the entries of one point of all groups.
   *
   * @param values weight i of all groups at i times lanes, as their roots are
   * @param fourfold the same where points have eight weights
   * @param k which point of the groups
   * @param still groups that need none
   * @param found receives entries, from k times lanes
   * @param known receives 1 where the levels were a point
   */
  void find(
      float[] values,
      float[] roots,
      Fourfold fourfold,
      int k,
      float[] inverses,
      float[] scales,
      boolean[] still,
      int[] found,
      int[] known) {
    int from = k * dimension * LANES;
    long clear = numbers(values, from, inverses);
    FloatVector scale = FloatVector.fromArray(FLOATS, scales, 0);
    clear &= scale.compare(VectorOperators.GT, TINY).toLong();
    clear &= scale.compare(VectorOperators.LT, HUGE).toLong();
    if (dimension == 4) {
      nearestOfFour(values, roots, from, scales, found, known, k * LANES);
    } else {
      nearestOfEight(fourfold, k, scales, still, found, known);
    }
    for (long rest = ~clear & (1L << LANES) - 1; rest != 0; rest &= rest - 1) {
      int lane = Long.numberOfTrailingZeros(rest);
      if (!still[lane] && known[k * LANES + lane] == 0) {
        found[k * LANES + lane] = nearestOfAll(values, roots, from, lane, scales[lane]);
      }
    }
  }

  /**
   * The numbers of the combinations of levels of all groups.
   *
   * @return a bit for each lane in which no weight is just between two levels
   */
  private long numbers(float[] values, int from, float[] inverses) {
    FloatVector inverse = FloatVector.fromArray(FLOATS, inverses, 0);
    IntVector number = IntVector.zero(INTS);
    VectorMask<Float> clear = FLOATS.maskAll(true);
    for (int i = dimension - 1; i >= 0; i--) {
      FloatVector wanted =
          inverse.mul(FloatVector.fromArray(FLOATS, values, from + i * LANES)).sub(1f).mul(0.5f);
      FloatVector rounded = wanted.add(MAGIC);
      IntVector level =
          rounded.reinterpretAsInts().and(0x007fffff).sub(0x00400000).max(0).min(levels - 1);
      // Says what it is; the package of numbers tells why.
      number = (IntVector) INTS.vectorType().cast(number);
      number = number.mul(levels).add(level);
      // Below the first level, as zeros are, there is nothing to be between.
      VectorMask<Float> below = wanted.compare(VectorOperators.LE, -0.25f);
      FloatVector distance = rounded.sub(MAGIC).sub(wanted).abs();
      clear = distance.compare(VectorOperators.LE, BETWEEN).or(below).and(clear);
    }
    number.intoArray(numbers, 0);
    return clear.toLong();
  }

  /** The neighbours of smallest error, the first of equals, a group in each lane. */
  private void nearestOfFour(
      float[] values, float[] roots, int from, float[] scales, int[] found, int[] known, int slot) {
    IntVector word = IntVector.fromArray(INTS, words, 0, numbers, 0);
    IntVector start = word.lanewise(VectorOperators.LSHR, 8);
    IntVector last = word.lanewise(VectorOperators.LSHR, 1).and(127).sub(1);
    word.and(1).intoArray(known, slot);
    int most = last.reduceLanes(VectorOperators.MAX);
    FloatVector scale = FloatVector.fromArray(FLOATS, scales, 0);
    FloatVector v0 = FloatVector.fromArray(FLOATS, values, from);
    FloatVector v1 = FloatVector.fromArray(FLOATS, values, from + LANES);
    FloatVector v2 = FloatVector.fromArray(FLOATS, values, from + 2 * LANES);
    FloatVector v3 = FloatVector.fromArray(FLOATS, values, from + 3 * LANES);
    FloatVector r0 = FloatVector.fromArray(FLOATS, roots, from);
    FloatVector r1 = FloatVector.fromArray(FLOATS, roots, from + LANES);
    FloatVector r2 = FloatVector.fromArray(FLOATS, roots, from + 2 * LANES);
    FloatVector r3 = FloatVector.fromArray(FLOATS, roots, from + 3 * LANES);
    start.intoArray(places, 0);
    IntVector best = IntVector.fromArray(INTS, entries, 0, places, 0);
    FloatVector least = FloatVector.broadcast(FLOATS, Float.MAX_VALUE);
    for (int j = 0; j <= most; j++) {
      start.add(last.min(j)).intoArray(places, 0);
      IntVector entry = IntVector.fromArray(INTS, entries, 0, places, 0);
      FloatVector d0 =
          ((FloatVector) entry.and(15).convert(VectorOperators.I2F, 0)).mul(scale).sub(v0);
      IntVector e1 = entry.lanewise(VectorOperators.LSHR, 4).and(15);
      FloatVector d1 = ((FloatVector) e1.convert(VectorOperators.I2F, 0)).mul(scale).sub(v1);
      IntVector e2 = entry.lanewise(VectorOperators.LSHR, 8).and(15);
      FloatVector d2 = ((FloatVector) e2.convert(VectorOperators.I2F, 0)).mul(scale).sub(v2);
      IntVector e3 = entry.lanewise(VectorOperators.LSHR, 12).and(15);
      FloatVector d3 = ((FloatVector) e3.convert(VectorOperators.I2F, 0)).mul(scale).sub(v3);
      FloatVector error =
          r0.mul(d0)
              .mul(d0)
              .add(r1.mul(d1).mul(d1))
              .add(r2.mul(d2).mul(d2))
              .add(r3.mul(d3).mul(d3));
      VectorMask<Float> closer = error.compare(VectorOperators.LT, least);
      VectorMask<Float> farther = closer.not();
      least = error.blend(least, farther);
      best = entry.blend(best, farther.cast(INTS));
    }
    best.intoArray(found, slot);
  }

  /** The same, a point in each lane. */
  private void nearestOfEight(
      Fourfold fourfold, int k, float[] scales, boolean[] still, int[] found, int[] known) {
    int slot = k * LANES;
    int few = 0;
    int many = 0;
    for (int lane = 0; lane < LANES; lane++) {
      int word = words[numbers[lane]];
      found[slot + lane] = entries[word >>> 8];
      known[slot + lane] = word & 1;
      int length = word >> 1 & 127;
      places[few] = lane;
      longPlaces[many] = lane;
      few += !still[lane] & length > 1 & length <= Contenders.BLOCK ? 1 : 0;
      many += !still[lane] & length > Contenders.BLOCK ? 1 : 0;
    }
    // Apart, because the many short ones then have no branch to be guessed.
    for (int i = 0; i < few; i++) {
      int lane = places[i];
      errors.begin(fourfold.values(), fourfold.roots(), fourfold.at(lane, k), LEVELS, scales[lane]);
      found[slot + lane] = entries[errors.nearestOfBlock(codes, words[numbers[lane]] >>> 8)];
    }
    for (int i = 0; i < many; i++) {
      int lane = longPlaces[i];
      int word = words[numbers[lane]];
      int padded = (word >> 1 & 127) + Contenders.BLOCK - 1 & -Contenders.BLOCK;
      errors.begin(fourfold.values(), fourfold.roots(), fourfold.at(lane, k), LEVELS, scales[lane]);
      found[slot + lane] = entries[errors.nearest(codes, word >>> 8, padded)];
    }
  }

  /** The same by the scalar form, where lists are too short. */
  private int nearestOfAll(float[] values, float[] roots, int from, int lane, float scale) {
    for (int i = 0; i < dimension; i++) {
      ownValues[i] = values[from + i * LANES + lane];
      ownRoots[i] = roots[from + i * LANES + lane];
    }
    int place = neighbours.places()[numbers[lane]];
    return points[neighbours.nearest(place, ownValues, ownRoots, 0, scale)];
  }
}
