package phiquant.feedback;

import phiquant.quant.VectorSupport;

/**
 * Sums of outer products of two strips' rows, the arithmetic that all of error feedback consists
 * of. Terms are added one after the other, each with one rounding ({@code fma}), so that both forms
 * give the same bits.
 */
interface Outer {
  /** The form to use. */
  Outer BEST = VectorSupport.available() ? new VectorOuter() : new ScalarOuter();

  /**
   * {@code out[i][j] += Σ_t a[t][i] · b[t][j]} for the rows t of {@code [from, to)}.
   *
   * @param out shape {@code [48, 48]}, from index {@code at}
   */
  void add(float[] a, float[] b, int from, int to, float[] out, int at);

  /** The same in 64 bits, subtracted. */
  void subtract(double[] a, double[] b, int from, int to, double[] out, int at);

  /**
   * One row of it: {@code out[j] += Σ_t a[t][column] · b[t][j]}.
   *
   * @param out shape {@code [48]}, from index {@code at}
   */
  void addRow(float[] a, int column, float[] b, int from, int to, float[] out, int at);
}
