package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What a matrix is multiplied with, for one token: the numbers, and their sums in groups. Formats
 * whose levels do not begin at zero need the sums: {@code Σ (a·q + b)·x = a·Σ q·x + b·Σ x}, so that
 * the offset b costs one multiplication a group instead of one a weight. Numbers that are rounded
 * to int8 are there as integers too, {@code x = a · step}, for the kernels that multiply those.
 */
public final class Input {
  /** {@code [columns]}. */
  public final float[] x;

  /** {@code sums16[i] = Σ x[16 i .. 16 i + 16)}. */
  public final float[] sums16;

  /** {@code sums32[i] = Σ x[32 i .. 32 i + 32)}. */
  public final float[] sums32;

  /** The steps of numbers rounded to int8, one for each 32. */
  public final float[] steps;

  /** {@link Factors}, unless {@link #packing} is NONE; at most five for four numbers. */
  public final short[] factors;

  /** {@link Factors#spread}, if {@link #packing} is SPLIT or CHUNKS. */
  public final float[] spread;

  /**
   * The numbers times {@link #lift}, in the order of weights that are read as two halves of an int:
   * of each two vectors first those at even places, then those at odd ones. Off the heap, so that
   * no vector lies in two lines of the cache.
   */
  public final MemorySegment pairs;

  /**
   * The numbers in the order of codes that are read as the eight parts of an int: of each eight
   * vectors first those at places 8 i, then those at 8 i + 1, times 1/16, and so on, and last those
   * at 8 i + 7, as they are. Off the heap for the same reason.
   */
  public final MemorySegment planes;

  /** {@link Needs#lift}: 0 if there are no pairs. */
  private float lift;

  private final short[] integers;
  private DigitPacking packing = DigitPacking.NONE;

  public Input(int columns) {
    x = new float[columns];
    sums16 = new float[columns / 16];
    sums32 = new float[columns / 32];
    steps = new float[Math.ceilDiv(columns, 32)];
    pairs = Arena.ofAuto().allocate(4L * columns, 64);
    planes = Arena.ofAuto().allocate(4L * columns, 64);
    integers = new short[columns];
    factors = new short[columns / 4 * 5];
    spread = new float[columns / 32 * 4];
  }

  /** The numbers, to be written; then {@link #ready}. */
  public float[] values() {
    return x;
  }

  /** For which packing the factors are: the one place that says which kernels run. */
  public DigitPacking packing() {
    return packing;
  }

  /** What {@link #pairs} are multiplied with. */
  public float lift() {
    return lift;
  }

  /**
   * Prepares the product with a matrix.
   *
   * @param rounded whether the numbers are rounded as the matrix's engine does
   */
  public void ready(Matrix matrix, boolean rounded) {
    Needs needs = matrix.needs();
    ActivationRounding rounding = rounded ? needs.rounding() : ActivationRounding.NONE;
    rounding.round(x, steps);
    packing = rounding.fitsCodes() ? needs.packing() : DigitPacking.NONE;
    sum();
    lift = needs.lift();
    if (lift != 0) {
      pair();
    }
    if (needs.planes()) {
      spreadPlanes();
    }
    if (packing != DigitPacking.NONE) {
      Factors.integers(x, steps, integers);
      Factors.write(packing, integers, factors);
      Factors.spread(packing, steps, sums32, spread);
    }
  }

  private void pair() {
    int body = 2 * Lanes.COUNT;
    for (int k = 0; k < x.length / body * body; k += body) {
      for (int i = 0; i < Lanes.COUNT; i++) {
        pairs.setAtIndex(JAVA_FLOAT, k + i, x[k + 2 * i] * lift);
        pairs.setAtIndex(JAVA_FLOAT, k + Lanes.COUNT + i, x[k + 2 * i + 1] * lift);
      }
    }
  }

  private void spreadPlanes() {
    int lanes = Lanes.PACKED.length();
    int body = 8 * lanes;
    for (int k = 0; k < x.length / body * body; k += body) {
      float unit = 1;
      for (int j = 0; j < 8; j++, unit = j == 7 ? 1 : unit / 16) {
        for (int i = 0; i < lanes; i++) {
          planes.setAtIndex(JAVA_FLOAT, k + j * lanes + i, x[k + 8 * i + j] * unit);
        }
      }
    }
  }

  private void sum() {
    for (int i = 0; i < sums16.length; i++) {
      float sum = 0;
      for (int k = 16 * i; k < 16 * i + 16; k += 4) {
        sum += x[k] + x[k + 1] + (x[k + 2] + x[k + 3]);
      }
      sums16[i] = sum;
    }
    for (int i = 0; i < sums32.length; i++) {
      sums32[i] = sums16[2 * i] + sums16[2 * i + 1];
    }
  }
}
