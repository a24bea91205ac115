package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.engine.TargetSpec;
import phiquant.engine.Targets;

/** The everyday names of precisions mean a format of every engine. */
class EverydayNamesTest {
  @ParameterizedTest
  @ValueSource(strings = {"gguf", "mlx", "onnx", "openvino", "safetensors"})
  void everyEngineHasThem(String engine) {
    for (String precision : new String[] {"int4", "int8", "fp16", "fp32"}) {
      String format = EverydayNames.format(engine, precision);
      if (engine.equals("openvino")) {
        assertThat(format).isEqualTo(precision);
      }
      if (!engine.equals("safetensors")) {
        assertThat(Targets.of(TargetSpec.parse(engine + ":" + format))).isNotNull();
        String loud = (engine + ":" + format).toUpperCase(Locale.ROOT);
        assertThat(Targets.of(TargetSpec.parse(loud))).isNotNull();
      }
    }
    assertThatThrownBy(() -> EverydayNames.format(engine, "int3"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("int4, int8, fp16, fp32");
  }
}
