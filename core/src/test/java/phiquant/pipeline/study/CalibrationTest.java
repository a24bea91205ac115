package phiquant.pipeline.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.model.phi.Family;
import phiquant.pipeline.Progress;
import phiquant.study.ActivationRange;

class CalibrationTest {
  /** The norm before the first layer's matrices can be followed by hand: from the embedding. */
  @Test
  void rangesAreThoseOfTheInputsOfEveryMatrix() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      PhiModel model = Family.model(checkpoint);
      Map<String, ActivationRange> ranges =
          Calibration.ranges(checkpoint, "One two three", 2, Progress.NONE);
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
