package phiquant.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.model.phi.Family;

class CalibrationTest {
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

  /** The norm before the first layer's matrices can be followed by hand: from the embedding. */
  @Test
  void rangesAreThoseOfTheInputsOfEveryMatrix() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      PhiModel model = Family.model(checkpoint);
      Map<String, ActivationRange> ranges = Calibration.ranges(checkpoint, "One two three");
      for (Weight weight : model.weights()) {
        boolean multiplied = weight.isMatrix();
        assertThat(ranges.containsKey(weight.name())).as(weight.name()).isEqualTo(multiplied);
      }
      ranges.forEach(
          (name, range) -> {
            assertThat(range.min()).as(name).isNegative();
            assertThat(range.max()).as(name).isPositive();
            double largest = Math.max(-range.min(), range.max());
            assertThat(range.meanSquare()).as(name).isPositive().isLessThan(largest * largest);
          });
      // What RMSNorm gives has a mean square of one before it is multiplied by the norm's weight.
      float[] norm = new float[model.config().hidden()];
      Weight first = model.weight(phiquant.model.Role.ATTENTION_NORM, 0);
      first.tensor().read(0, 1, norm, 0);
      float most = 0;
      for (float w : norm) {
        most = Math.max(most, Math.abs(w));
      }
      assertThat(ranges.get("model.layers.0.self_attn.qkv_proj.weight").meanSquare())
          .isLessThanOrEqualTo(most * most * 1.001);
    }
  }
}
