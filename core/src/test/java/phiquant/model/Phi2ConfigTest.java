package phiquant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;
import phiquant.model.phi.Phi2;

/** What a {@code PhiForCausalLM}'s configuration means, and which facts are refused. */
class Phi2ConfigTest {
  /** The defaults of transformers' {@code configuration_phi.py}. */
  @Test
  void silenceMeansTheClassDefaults() throws IOException {
    PhiConfig config = read("");
    assertThat(config.vocabulary()).isEqualTo(51200);
    assertThat(config.hidden()).isEqualTo(2048);
    assertThat(config.feedForward()).isEqualTo(8192);
    assertThat(config.layers()).isEqualTo(24);
    assertThat(config.kvHeads()).isEqualTo(32);
    assertThat(config.rotarySize()).isEqualTo(32);
    assertThat(config.contextLength()).isEqualTo(2048);
    assertThat(config.epsilon()).isEqualTo(1e-5);
    assertThat(config.tiedHead()).isFalse();
  }

  /** As transformers 5 saves a Phi-2. */
  @Test
  void rotaryFactsAreReadWhereTransformers5HasThem() throws IOException {
    PhiConfig config =
        read(
            ",'hidden_size':2560,'rope_parameters':{'rope_type':'default','rope_theta':500.0,"
                + "'partial_rotary_factor':0.4}");
    assertThat(config.ropeTheta()).isEqualTo(500);
    assertThat(config.rotarySize()).isEqualTo(32);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "'qk_layernorm':true; qk_layernorm is true",
        "'hidden_act':'silu'; hidden_act is silu",
        "'model_type':'phi-msft'; model_type is phi-msft",
        "'rope_scaling':{'type':'linear','factor':2.0}; 'linear'",
        "'layer_norm_eps':-1; layer_norm_eps is -1"
      },
      quoteCharacter = '"')
  void anotherFunctionIsRefusedByName(String entry, String named) {
    assertThatThrownBy(() -> read("," + entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(named);
  }

  private static PhiConfig read(String entries) throws IOException {
    ObjectNode config = ConfigEntries.json("PhiForCausalLM", entries);
    return PhiConfig.of(ConfigForm.of(config), "config.json", new Phi2().keys());
  }
}
