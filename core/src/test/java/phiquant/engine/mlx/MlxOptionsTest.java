package phiquant.engine.mlx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.engine.Engine;
import phiquant.engine.plan.TargetSpec;
import phiquant.quant.FloatType;

class MlxOptionsTest {
  @Test
  void defaultsAreThoseOfMlxLm() {
    assertThat(recipe("mlx").uniform())
        .isEqualTo(new MlxRecipe.Choice("affine", 4, Optional.of(64)));
    assertThat(recipe("mlx:mxfp4").uniform().group()).isEqualTo(32);
    assertThat(recipe("mlx:nvfp4").uniform().group()).isEqualTo(16);
    assertThat(recipe("mlx:mxfp8").uniform().bits()).isEqualTo(8);
  }

  @Test
  void optionsReachTheRecipe() {
    MlxRecipe recipe = recipe("mlx:8bit,group=32,dtype=fp16");
    assertThat(recipe.uniform()).isEqualTo(new MlxRecipe.Choice("affine", 8, Optional.of(32)));
    assertThat(recipe.type()).contains(FloatType.FLOAT16);
    assertThat(recipe("mlx:fp32").mode()).isEmpty();
  }

  @Test
  void severalExceptionsAreSeparatedBySemicolons() {
    TargetSpec spec =
        TargetSpec.parse("mlx:4bit,tensor-bits=a=b{1,2}=6:32;(down|o)_proj=8,group=32");
    MlxRecipe recipe = ((MlxTarget) Engine.target(spec)).recipe();
    assertThat(recipe.overrides()).hasSize(2);
    assertThat(recipe.overrides().get(0).matches("xa=bb")).isTrue();
    assertThat(recipe.overrides().get(0).groupSize()).contains(32);
    assertThat(recipe.overrides().get(1).matches("model.layers.3.mlp.down_proj")).isTrue();
    assertThat(recipe.overrides().get(1).matches("model.layers.3.mlp.gate_up_proj")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mlx:7bit | 2, 3, 4, 5, 6, 8",
        "mlx:99999999999bit | 2, 3, 4, 5, 6, 8",
        "mlx:4bit,group=48 | 32, 64, 128",
        "mlx:4bit,group=x | 32, 64, 128",
        "mlx:mxfp6 | mxfp4, nvfp4, mxfp8",
        "mlx:mixed_2_4 | mixed_2_6",
        "mlx:nvfp4,group=32 | groups of 16",
        "mlx:4bit,bits=3 | group",
        "mlx:4bit,dtype=int8 | bfloat16",
        "mlx:fp16,group=64 | no groups",
        "mlx:4bit,rope=medium | short or long",
        "mlx:4bit,tensor-bits=down | REGEX=BITS",
        "mlx:4bit,tensor-bits=(=4 | REGEX=BITS",
        "mlx:4bit,tensor-bits=x=7 | 2, 3, 4, 5, 6, 8",
        "mlx:fp16,tensor-bits=x=4 | quantizes nothing",
        "mlx:4bit,group=32,group=64 | twice",
        "tflite:4bit | mlx",
        ":4bit | ENGINE:FORMAT",
        "'' | ENGINE:FORMAT",
      })
  void whatIsImpossibleIsAUsageErrorThatSaysWhatIsPossible(String spec, String fact) {
    assertThatThrownBy(() -> Engine.target(TargetSpec.parse(spec)))
        .isInstanceOf(UserError.class)
        .matches(error -> ((UserError) error).isUsage())
        .hasMessageContaining(fact);
  }

  private static MlxRecipe recipe(String spec) {
    return ((MlxTarget) Engine.target(TargetSpec.parse(spec))).recipe();
  }
}
