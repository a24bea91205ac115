package phiquant.engine.onnx.writer.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

/** The polynomial is the best one, and the sines are as near as it allows. */
class MinimaxSineTest {
  private static final int STEPS = 100_000;

  /**
   * Chebyshev's criterion: with four free coefficients, the polynomial of least relative error
   * reaches that error five times, with alternating signs.
   */
  @Test
  void errorAlternatesFiveTimesAtTheSameHeight() {
    double[] extremes = new double[5];
    int last = 0;
    for (int i = 1; i <= STEPS; i++) {
      double x = Math.PI / 2 * i / STEPS;
      double error = MinimaxSine.polynomial(x) / StrictMath.sin(x) - 1;
      if (error * extremes[last] < 0) {
        last++;
      }
      if (Math.abs(error) > Math.abs(extremes[last])) {
        extremes[last] = error;
      }
    }
    assertThat(last).isEqualTo(4);
    for (int i = 0; i < extremes.length; i++) {
      double expected = i % 2 == 0 ? extremes[0] : -extremes[0];
      assertThat(extremes[i]).isCloseTo(expected, within(1e-14));
    }
  }

  @Property
  void sinesAreWithinTheErrorOfThePolynomial(
      @ForAll @FloatRange(min = 0, max = 140_000) float angle) {
    near(MinimaxSine.sin(angle), StrictMath.sin(angle));
    near(MinimaxSine.cos(angle), StrictMath.cos(angle));
  }

  private static void near(float ours, double exact) {
    double rounding = Math.ulp(ours) / 2;
    assertThat((double) ours).isCloseTo(exact, within(rounding + 6.1e-9 * Math.abs(exact) + 1e-15));
  }
}
