package phiquant.pipeline.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.Linear;
import phiquant.model.PhiModel;
import phiquant.model.ValueNames;
import phiquant.model.phi.Family;
import phiquant.pipeline.Progress;
import phiquant.study.ActivationRange;

/** Ranges of all values, layer by layer, beside those of inputs alone, window by window. */
class ValueCalibrationTest {
  private static final String TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(12);

  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4-mini"})
  void everyValueHasARangeAndInputsHaveThatOfTheirProducts(String kind) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      PhiModel model = Family.model(checkpoint);
      Map<String, ActivationRange> values = ValueCalibration.ranges(model, TEXT, 1, Progress.NONE);
      Set<String> names = new TreeSet<>();
      ValueNames.of(model.network(), names::add);
      assertThat(values.keySet()).containsAll(names);
      Map<String, ActivationRange> inputs = Calibration.ranges(checkpoint, TEXT, 1, Progress.NONE);
      String at = "model.layers.1.";
      assertSame(
          values, "norm " + at + "input_layernorm.weight", inputs, at + "self_attn.qkv_proj");
      assertSame(values, "attention 1", inputs, at + "self_attn.o_proj");
      assertSame(
          values,
          "norm " + at + "post_attention_layernorm.weight",
          inputs,
          at + "mlp.gate_up_proj");
      assertSame(
          values, "product " + at + "mlp.gate_up_proj.weight, gated", inputs, at + "mlp.down_proj");
      // A turn keeps a pair's length, so no query is longer than √2 of the longest.
      Linear qkv =
          Linear.of(
              model.weights().stream()
                  .filter(w -> w.name().endsWith("1.self_attn.qkv_proj.weight"))
                  .findFirst()
                  .orElseThrow());
      ActivationRange before = values.get(ValueNames.product(qkv));
      double most = 1.5 * Math.max(-before.min(), before.max());
      assertThat((double) values.get(ValueNames.queries(1)).max()).isBetween(0.0, most);
      assertThat(values.get(ValueNames.scores(1)).max()).isPositive();
    }
  }

  private static void assertSame(
      Map<String, ActivationRange> values,
      String name,
      Map<String, ActivationRange> inputs,
      String module) {
    ActivationRange value = values.get(name);
    ActivationRange input = inputs.get(module + ".weight");
    assertThat(value.min()).as(name).isCloseTo(input.min(), withinPercentage(0.01));
    assertThat(value.max()).as(name).isCloseTo(input.max(), withinPercentage(0.01));
  }
}
