package phiquant.run.floats;

/**
 * {@code x · Φ(x)}, GELU by the error function itself (Hendrycks and Gimpel 2016,
 * arXiv:1606.08415): few numbers pass it, those of image tokens on their way into a text.
 */
final class ErrorGelu {
  private ErrorGelu() {}

  /** Of so many numbers; {@code out} may be {@code x}. */
  static void of(float[] x, float[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = (float) (x[i] * (1 + erf(x[i] / Math.sqrt(2))) / 2);
    }
  }

  /** Within 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26). */
  static double erf(double x) {
    double t = 1 / (1 + 0.3275911 * Math.abs(x));
    double sum = 1.061405429;
    for (double factor : new double[] {-1.453152027, 1.421413741, -0.284496736, 0.254829592}) {
      sum = sum * t + factor;
    }
    return Math.copySign(1 - sum * t * Math.exp(-x * x), x);
  }
}
