package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engine.gguf.recipe.GgufRecipe;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.model.phi.Phi3;
import phiquant.quant.ggml.GgmlType;

/** The branch of the mixes that none of the test models takes by itself. */
class GgufRecipeTest {
  /** llama-quantize was told that there are three heads for keys, so four queries share one. */
  @ParameterizedTest
  @ValueSource(strings = {"Q2_K", "IQ4_NL"})
  void manyQueriesToAKeyGetMoreBits(String type) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      PhiModel model = Family.model(checkpoint);
      PhiConfig config =
          PhiConfig.of(
              checkpoint.config().deepCopy().put("num_key_value_heads", 3),
              "config",
              new Phi3().keys());
      GgufRecipe recipe = GgufRecipe.of(GgufFileType.valueOf(type));
      Map<String, String> ours = new TreeMap<>();
      model
          .weights()
          .forEach(
              weight -> {
                String name = GgufTensors.name(weight);
                ours.put(name, recipe.typeOf(weight, name, config, GgmlType.BF16).name());
              });
      Map<String, String> theirs = new TreeMap<>();
      for (JsonNode tensor : Golden.json("gguf-smolphi-wide-" + type + "-gqa4").path("tensors")) {
        theirs.put(tensor.path("name").asText(), tensor.path("type").asText());
      }
      assertThat(ours).isEqualTo(theirs);
    }
  }
}
