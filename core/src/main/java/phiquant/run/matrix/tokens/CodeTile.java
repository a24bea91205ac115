package phiquant.run.matrix.tokens;

import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.TokenCodes;

/**
 * The innermost product of small integers: four rows of {@link WeightCodes} times two panels of
 * {@link TokenCodes}. Products are added up in sixteen bits for as long as they fit, which is twice
 * as many lanes as floats have; then the sums are scaled as floats. They are exact, as those of the
 * engines that multiply bytes.
 */
final class CodeTile {
  /** Rows that are done together. */
  static final int ROWS = 4;

  private static final int SUMS = 2 * ROWS;
  private static final int WIDTH = Panels.WIDTH;
  private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED;

  private CodeTile() {}

  /**
   * Products that fit sixteen bits together: of codes of that many bits with bytes up to 127; a
   * block's at most.
   */
  static int run(int bits) {
    return Math.min(TokenCodes.BLOCK, 1 << (9 - bits));
  }

  /** Memory for the sums of {@code columns}, in runs. */
  static int[] sums(int columns, int run) {
    return new int[columns / run * SUMS * COUNT];
  }

  /**
   * Sums of products, {@code sums[(run · 8 + panel · 4 + row) · COUNT]}, two tokens in an int.
   *
   * @param w codes of weights {@code [4, stride]} from index {@code wAt}
   * @param x codes of a panel, and {@code z} of another, both from index {@code xAt}
   */
  static void add(
      int[] w, int wAt, int stride, int[] x, int[] z, int xAt, int count, int run, int[] sums) {
    for (int k = 0, at = 0; k < count; k += run, at += SUMS * COUNT) {
      addRun(w, wAt + k, stride, x, z, xAt + k * COUNT, run, sums, at);
    }
  }

  private static void addRun(
      int[] w, int w0, int stride, int[] x, int[] z, int xAt, int count, int[] sums, int at) {
    int w1 = w0 + stride;
    int w2 = w1 + stride;
    int w3 = w2 + stride;
    ShortVector a0 = ShortVector.zero(SHORTS);
    ShortVector a1 = ShortVector.zero(SHORTS);
    ShortVector a2 = ShortVector.zero(SHORTS);
    ShortVector a3 = ShortVector.zero(SHORTS);
    ShortVector b0 = ShortVector.zero(SHORTS);
    ShortVector b1 = ShortVector.zero(SHORTS);
    ShortVector b2 = ShortVector.zero(SHORTS);
    ShortVector b3 = ShortVector.zero(SHORTS);
    for (int k = 0; k < count; k++) {
      ShortVector a = IntVector.fromArray(INTS, x, xAt + k * COUNT).reinterpretAsShorts();
      ShortVector b = IntVector.fromArray(INTS, z, xAt + k * COUNT).reinterpretAsShorts();
      ShortVector c0 = IntVector.broadcast(INTS, w[w0 + k]).reinterpretAsShorts();
      ShortVector c1 = IntVector.broadcast(INTS, w[w1 + k]).reinterpretAsShorts();
      ShortVector c2 = IntVector.broadcast(INTS, w[w2 + k]).reinterpretAsShorts();
      ShortVector c3 = IntVector.broadcast(INTS, w[w3 + k]).reinterpretAsShorts();
      a0 = a.mul(c0).add(a0);
      a1 = a.mul(c1).add(a1);
      a2 = a.mul(c2).add(a2);
      a3 = a.mul(c3).add(a3);
      b0 = b.mul(c0).add(b0);
      b1 = b.mul(c1).add(b1);
      b2 = b.mul(c2).add(b2);
      b3 = b.mul(c3).add(b3);
    }
    a0.reinterpretAsInts().intoArray(sums, at);
    a1.reinterpretAsInts().intoArray(sums, at + COUNT);
    a2.reinterpretAsInts().intoArray(sums, at + 2 * COUNT);
    a3.reinterpretAsInts().intoArray(sums, at + 3 * COUNT);
    b0.reinterpretAsInts().intoArray(sums, at + 4 * COUNT);
    b1.reinterpretAsInts().intoArray(sums, at + 5 * COUNT);
    b2.reinterpretAsInts().intoArray(sums, at + 6 * COUNT);
    b3.reinterpretAsInts().intoArray(sums, at + 7 * COUNT);
  }

  /**
   * {@code y[r][t] += Σ_run sums · scale · step} for the four rows and one of the panels.
   *
   * @param panel 0 or 1
   * @param shift the logarithm of how many runs share a scale and a step
   * @param scales {@code [4, stride]} from index {@code sAt}
   * @param steps of the panel, from index {@code stepAt}
   */
  static void scale(
      int[] sums,
      int panel,
      int runs,
      int shift,
      float[] scales,
      int sAt,
      int stride,
      float[] steps,
      int stepAt,
      float[] y,
      int yAt) {
    FloatVector a0 = FloatVector.fromArray(FLOATS, y, yAt);
    FloatVector b0 = FloatVector.fromArray(FLOATS, y, yAt + COUNT);
    FloatVector a1 = FloatVector.fromArray(FLOATS, y, yAt + WIDTH);
    FloatVector b1 = FloatVector.fromArray(FLOATS, y, yAt + WIDTH + COUNT);
    FloatVector a2 = FloatVector.fromArray(FLOATS, y, yAt + 2 * WIDTH);
    FloatVector b2 = FloatVector.fromArray(FLOATS, y, yAt + 2 * WIDTH + COUNT);
    FloatVector a3 = FloatVector.fromArray(FLOATS, y, yAt + 3 * WIDTH);
    FloatVector b3 = FloatVector.fromArray(FLOATS, y, yAt + 3 * WIDTH + COUNT);
    for (int i = 0; i < runs; i++) {
      int s = sAt + (i >> shift);
      int step = stepAt + (i >> shift) * WIDTH;
      int at = (2 * i + panel) * ROWS * COUNT;
      // Sums stay where they are in their ints, 2^16 times as large.
      FloatVector low = FloatVector.fromArray(FLOATS, steps, step).mul(0x1p-16f);
      FloatVector high = FloatVector.fromArray(FLOATS, steps, step + COUNT).mul(0x1p-16f);
      IntVector v0 = IntVector.fromArray(INTS, sums, at);
      IntVector v1 = IntVector.fromArray(INTS, sums, at + COUNT);
      IntVector v2 = IntVector.fromArray(INTS, sums, at + 2 * COUNT);
      IntVector v3 = IntVector.fromArray(INTS, sums, at + 3 * COUNT);
      FloatVector l0 =
          (FloatVector) v0.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      FloatVector l1 =
          (FloatVector) v1.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      FloatVector l2 =
          (FloatVector) v2.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      FloatVector l3 =
          (FloatVector) v3.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      FloatVector h0 = (FloatVector) v0.and(0xffff0000).convert(VectorOperators.I2F, 0);
      FloatVector h1 = (FloatVector) v1.and(0xffff0000).convert(VectorOperators.I2F, 0);
      FloatVector h2 = (FloatVector) v2.and(0xffff0000).convert(VectorOperators.I2F, 0);
      FloatVector h3 = (FloatVector) v3.and(0xffff0000).convert(VectorOperators.I2F, 0);
      a0 = l0.fma(low.mul(scales[s]), a0);
      b0 = h0.fma(high.mul(scales[s]), b0);
      a1 = l1.fma(low.mul(scales[s + stride]), a1);
      b1 = h1.fma(high.mul(scales[s + stride]), b1);
      a2 = l2.fma(low.mul(scales[s + 2 * stride]), a2);
      b2 = h2.fma(high.mul(scales[s + 2 * stride]), b2);
      a3 = l3.fma(low.mul(scales[s + 3 * stride]), a3);
      b3 = h3.fma(high.mul(scales[s + 3 * stride]), b3);
    }
    a0.intoArray(y, yAt);
    b0.intoArray(y, yAt + COUNT);
    a1.intoArray(y, yAt + WIDTH);
    b1.intoArray(y, yAt + WIDTH + COUNT);
    a2.intoArray(y, yAt + 2 * WIDTH);
    b2.intoArray(y, yAt + 2 * WIDTH + COUNT);
    a3.intoArray(y, yAt + 3 * WIDTH);
    b3.intoArray(y, yAt + 3 * WIDTH + COUNT);
  }
}
