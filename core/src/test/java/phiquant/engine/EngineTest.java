package phiquant.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.UserError;
import phiquant.engine.plan.TargetSpec;

/** The everyday names of precisions mean a format of every engine. */
class EngineTest {
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CHECKPOINT")
  void everyEngineHasTheEverydayPrecisions(Engine engine) {
    for (String precision : new String[] {"int4", "int8", "fp16", "fp32"}) {
      String target = engine.text() + ":" + engine.format(precision);
      assertThat(Engine.target(TargetSpec.parse(target))).isNotNull();
      assertThat(Engine.target(TargetSpec.parse(target.toUpperCase(Locale.ROOT)))).isNotNull();
    }
    assertThat(Engine.OPENVINO.format("int8")).isEqualTo("int8");
    assertThatThrownBy(() -> engine.format("int3"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("int4, int8, fp16, fp32");
  }
}
