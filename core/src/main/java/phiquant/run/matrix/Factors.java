package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Products.LANES;
import static phiquant.run.matrix.Products.WIDE;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The factors {@code a_i - B · a_(i-1)} of {@link DigitPacking}, in the order in which kernels read
 * them: for each vector of shorts those of their lowest digits, then those of the next. Two
 * neighbours a share an int here, so that eight shorts of a packed row are done at once.
 */
final class Factors {
  private static final VectorSpecies<Short> PAIRS = ShortVector.SPECIES_256;
  private static final VectorSpecies<Short> EIGHT = ShortVector.SPECIES_128;

  private Factors() {}

  /** The integers that rounded numbers are: {@code a[k] = x[k] / steps[k / 32]}. */
  static void integers(float[] x, float[] steps, short[] a) {
    for (int k = 0; k < x.length; k += COUNT) {
      float step = steps[k / 32];
      // Adding ROUND leaves an integer in the lowest bits of a float.
      IntVector integers =
          FloatVector.fromArray(Lanes.FLOATS, x, k)
              .mul(step == 0 ? 0 : 1 / step)
              .add(Levels.ROUND)
              .reinterpretAsInts();
      ((ShortVector) integers.convertShape(VectorOperators.I2S, Lanes.SHORTS, 0)).intoArray(a, k);
    }
  }

  /**
   * What scales are multiplied with that are halves whose bits were moved, and 2^-112 of what they
   * should be: for {@link DigitPacking#SPLIT} each step four times, as a part of a vector wants it,
   * times 2^112; for {@link DigitPacking#CHUNKS} four steps, which belong to scales, and the
   * negated sums of the same four groups, which belong to minimums, and so on, times 2^80, because
   * sums may be too large for more.
   */
  static void spread(DigitPacking packing, float[] steps, float[] sums, float[] spread) {
    for (int i = 0; i < steps.length; i++) {
      if (packing == DigitPacking.SPLIT) {
        Arrays.fill(spread, 4 * i, 4 * i + 4, steps[i] * 0x1p112f);
      } else if (packing == DigitPacking.CHUNKS) {
        int to = i / 4 * 8 + i % 4;
        spread[to] = steps[i] * 0x1p80f;
        spread[to + 4] = sums[i] * -0x1p80f;
      }
    }
  }

  /**
   * Writes the factors for a packing.
   *
   * @param a int8 activations {@code [columns]}, columns being a multiple of 128
   */
  static void write(DigitPacking packing, short[] a, short[] factors) {
    switch (packing) {
      case NONE -> {}
      case BYTES -> {
        for (int k = 0; k < a.length; k += 16) {
          pairs(a, k, factors, k - k % (2 * LANES) + k % (2 * LANES) / 2);
        }
      }
      case CHUNKS -> {
        int body = 8 * LANES;
        for (int k = 0; k < a.length; k += 32) {
          int chunk = k % body / 64;
          // Four parts are those of chunks 0, 2, 1 and 3.
          int part = WIDE ? chunk >> 1 | (chunk & 1) << 1 : chunk;
          int to = k - k % body + k / 32 % 2 * 4 * LANES + 8 * part;
          pairs(a, k, factors, to);
          pairs(a, k + 16, factors, to + 2 * LANES);
        }
      }
      case SPLIT -> {
        int body = 4 * LANES;
        for (int k = 0; k < a.length; k += 32) {
          halves(a, k, factors, k / body * 5 * LANES + k % body / 4);
        }
      }
    }
  }

  /** Sixteen neighbours, B = 256. */
  private static void pairs(short[] a, int k, short[] factors, int to) {
    IntVector both = ShortVector.fromArray(PAIRS, a, k).reinterpretAsInts();
    IntVector upper =
        both.lanewise(VectorOperators.LSHR, 16).sub(both.lanewise(VectorOperators.LSHL, 8));
    ((ShortVector) both.convertShape(VectorOperators.I2S, EIGHT, 0)).intoArray(factors, to);
    ((ShortVector) upper.convertShape(VectorOperators.I2S, EIGHT, 0))
        .intoArray(factors, to + LANES);
  }

  /** A block of 32, B = 16; and what takes away the eights. */
  private static void halves(short[] a, int k, short[] factors, int to) {
    IntVector a0 = ShortVector.fromArray(PAIRS, a, k).reinterpretAsInts();
    IntVector a1 = ShortVector.fromArray(PAIRS, a, k + 16).reinterpretAsInts();
    IntVector a2 = a0.lanewise(VectorOperators.LSHR, 16);
    IntVector a3 = a1.lanewise(VectorOperators.LSHR, 16);
    IntVector f1 = a1.sub(a0.lanewise(VectorOperators.LSHL, 4));
    IntVector f2 = a2.sub(a1.lanewise(VectorOperators.LSHL, 4));
    IntVector f3 = a3.sub(a2.lanewise(VectorOperators.LSHL, 4));
    IntVector eights = a0.add(a1).add(a2).add(a3).mul(-8);
    ((ShortVector) a0.convertShape(VectorOperators.I2S, EIGHT, 0)).intoArray(factors, to);
    ((ShortVector) f1.convertShape(VectorOperators.I2S, EIGHT, 0)).intoArray(factors, to + LANES);
    ((ShortVector) f2.convertShape(VectorOperators.I2S, EIGHT, 0))
        .intoArray(factors, to + 2 * LANES);
    ((ShortVector) f3.convertShape(VectorOperators.I2S, EIGHT, 0))
        .intoArray(factors, to + 3 * LANES);
    ((ShortVector) eights.convertShape(VectorOperators.I2S, EIGHT, 0))
        .intoArray(factors, to + 4 * LANES);
  }
}
