package phiquant.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ActivationRangeTest {
  /** By numpy: x = [-1, 0, 2.5, 3], step 4 / 255, zero point round(1 / step) = 64. */
  @Test
  void gridsHoldZeroAndTheRange() {
    ActivationRange range = new ActivationRange(-1, 3, (1 + 0 + 6.25 + 9) / 4);
    assertThat(range.step(8)).isCloseTo(4 / 255f, within(1e-9f));
    assertThat(range.zeroPoint(8)).isEqualTo(64);
    assertThat(range.zeroPoint(16)).isEqualTo(16384);
    assertThat(range.noise(8)).isCloseTo(5.047e-6, within(1e-9));
    ActivationRange nothing = new ActivationRange(0, 0, 0);
    assertThat(nothing.step(8)).isPositive();
    assertThat(nothing.noise(8)).isZero();
  }
}
