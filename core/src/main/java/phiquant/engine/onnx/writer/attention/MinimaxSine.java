package phiquant.engine.onnx.writer.attention;

/**
 * Sine and cosine that err exactly as those in the model builder's tables do, so that our tables
 * have its bits. On x86 PyTorch evaluates, in doubles, the odd polynomial x + c3·x³ + … + c9·x⁹ of
 * least relative error on [-π/2, π/2]; the error, 6.1e-9, is a tenth of a float's last bit and
 * gives one value in twenty the neighbour of the nearest float. The coefficients are the solution
 * of that minimax problem (Remez 1934), found independently; that the bits are the builder's is
 * observed.
 */
final class MinimaxSine {
  private static final double C3 = -0.16666659550427756;
  private static final double C5 = 0.008333066246082155;
  private static final double C7 = -1.9809602901937982e-4;
  private static final double C9 = 2.6057806379681054e-6;

  /** The first 41 bits of π, so that products with half turns are exact, and the rest. */
  private static final double PI_HIGH = 0x1.921fb54442p1;

  private static final double PI_LOW = 0x1.a308d313198a3p-40;

  /** Beyond it PyTorch computes in another way, which is nearer to the nearest float. */
  private static final float LARGE = 10_000;

  private MinimaxSine() {}

  /**
   * The sine of an angle.
   *
   * @param angle in radians, not negative
   */
  static float sin(float angle) {
    if (angle > LARGE) {
      return (float) Math.sin(angle);
    }
    double turns = Math.rint(angle / Math.PI);
    return (float) alternating(turns, remainder(angle, turns));
  }

  /**
   * The cosine of an angle: the sine of the angle a quarter turn ahead.
   *
   * @param angle in radians, not negative
   */
  static float cos(float angle) {
    if (angle > LARGE) {
      return (float) Math.cos(angle);
    }
    double turns = Math.rint(angle / Math.PI + 0.5);
    return (float) alternating(turns, remainder(angle, turns - 0.5));
  }

  private static double remainder(double angle, double turns) {
    return angle - turns * PI_HIGH - turns * PI_LOW;
  }

  /** Each half turn changes the sign. */
  private static double alternating(double turns, double rest) {
    double sine = polynomial(rest);
    return (long) turns % 2 == 0 ? sine : -sine;
  }

  /** The sine of an angle in [-π/2, π/2]. */
  static double polynomial(double x) {
    double square = x * x;
    return x + x * square * (C3 + square * (C5 + square * (C7 + square * C9)));
  }
}
