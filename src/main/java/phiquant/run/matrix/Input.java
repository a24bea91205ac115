package phiquant.run.matrix;

/**
 * What a matrix is multiplied with, for one token: the numbers, and their sums in sixteens. Formats
 * whose levels do not begin at zero need the sums: {@code Σ (a·q + b)·x = a·Σ q·x + b·Σ x}, so that
 * the offset b costs one multiplication a group instead of one a weight.
 */
public final class Input {
  /** Numbers of one sum. */
  static final int SUM = 16;

  /** {@code [columns]}. */
  final float[] x;

  /** {@code sums[i] = Σ x[16 i .. 16 i + 16)}, filled up with zeros to a multiple of 16. */
  final float[] sums;

  /** The same in another order: of every sixteen sums first those with even index, then the odd. */
  final float[] evenOdd;

  public Input(int columns) {
    x = new float[columns];
    sums = new float[Math.ceilDiv(columns, 16 * SUM) * 16];
    evenOdd = new float[sums.length];
  }

  /** The numbers, to be written; then {@link #ready}. */
  public float[] values() {
    return x;
  }

  /** Rounds the numbers as the matrix's engine does, and sums them up. */
  public void ready(Rounding rounding) {
    if (rounding != Rounding.NONE) {
      for (int k = 0; k < x.length; k += rounding.block()) {
        rounding.round(x, k, Math.min(rounding.block(), x.length - k), 1);
      }
    }
    for (int i = 0; i < x.length; i += SUM) {
      float sum = 0;
      for (int k = i; k < Math.min(x.length, i + SUM); k++) {
        sum += x[k];
      }
      int index = i / SUM;
      sums[index] = sum;
      evenOdd[index / 16 * 16 + index % 2 * 8 + index % 16 / 2] = sum;
    }
  }
}
