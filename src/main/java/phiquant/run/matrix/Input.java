package phiquant.run.matrix;

/**
 * What a matrix is multiplied with, for one token: the numbers, and their sums in groups. Formats
 * whose levels do not begin at zero need the sums: {@code Σ (a·q + b)·x = a·Σ q·x + b·Σ x}, so that
 * the offset b costs one multiplication a group instead of one a weight.
 */
public final class Input {
  /** {@code [columns]}. */
  final float[] x;

  /** {@code sums16[i] = Σ x[16 i .. 16 i + 16)}. */
  final float[] sums16;

  /** {@code sums32[i] = Σ x[32 i .. 32 i + 32)}. */
  final float[] sums32;

  public Input(int columns) {
    x = new float[columns];
    sums16 = new float[columns / 16];
    sums32 = new float[columns / 32];
  }

  /** The numbers, to be written; then {@link #ready}. */
  public float[] values() {
    return x;
  }

  /** Rounds the numbers as the matrix's engine does, and sums them up. */
  public void ready(Rounding rounding) {
    rounding.round(x);
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
