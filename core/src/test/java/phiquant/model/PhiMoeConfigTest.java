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
import phiquant.model.phi.PhiMoe;

/** What a {@code PhiMoEForCausalLM}'s configuration means, and which facts are refused. */
class PhiMoeConfigTest {
  private static final String ROPE =
      ",'head_dim':4,'max_position_embeddings':64,'rope_scaling':{'type':'longrope',"
          + "'short_factor':[1,1],'long_factor':[1,2],'original_max_position_embeddings':16";

  /** The defaults of transformers' {@code configuration_phimoe.py}. */
  @Test
  void silenceMeansTheClassDefaults() throws IOException {
    PhiConfig config = read("");
    assertThat(config.hidden()).isEqualTo(4096);
    assertThat(config.feedForward()).isEqualTo(6400);
    assertThat(config.kvHeads()).isEqualTo(8);
    assertThat(config.rotarySize()).isEqualTo(128);
    assertThat(config.ropeTheta()).isEqualTo(1e6);
    assertThat(config.longRope()).isEmpty();
    assertThat(config.experts()).contains(new PhiConfig.Mixture(16, 0.01));
  }

  @Test
  void theConfigurationsOwnFactorScalesRotation() throws IOException {
    PhiConfig config = read(ROPE + ",'short_mscale':1.25,'long_mscale':1.25}");
    assertThat(config.longRope().orElseThrow().attentionFactor()).isEqualTo(1.25);
    assertThat(config.originalContextLength()).isEqualTo(16);
  }

  /** Its class reads it nowhere else, so it stays there for who is given the file. */
  @Test
  void theOriginalContextWithinRopeScalingCountsAndStays() throws IOException {
    ObjectNode form =
        ConfigForm.of(
            ConfigEntries.json(
                "PhiMoEForCausalLM", ",'original_max_position_embeddings':32" + ROPE + "}"));
    assertThat(form.path("original_max_position_embeddings").asInt()).isEqualTo(16);
    assertThat(form.path("rope_scaling").path("original_max_position_embeddings").asInt())
        .isEqualTo(16);
  }

  /** As transformers 5 saves one. */
  @Test
  void rotaryFactsAreReadWhereTransformers5HasThem() throws IOException {
    PhiConfig config =
        read(
            (ROPE + ",'short_mscale':1.25,'long_mscale':1.25,'rope_theta':500.0}")
                .replace("rope_scaling", "rope_parameters")
                .replace("'type'", "'rope_type'"));
    assertThat(config.ropeTheta()).isEqualTo(500);
    assertThat(config.originalContextLength()).isEqualTo(16);
    assertThat(config.longRope().orElseThrow().attentionFactor()).isEqualTo(1.25);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "'attention_bias':false; attention_bias is false",
        "'lm_head_bias':false; lm_head_bias is false",
        "'num_experts_per_tok':4; num_experts_per_tok is 4",
        "'num_local_experts':1; num_local_experts is 1",
        "'num_local_experts':9999; num_hidden_layers is 32 and num_local_experts 9999, which is"
            + " more",
        "'router_jitter_noise':-1; router_jitter_noise is -1",
        "'hidden_act':'gelu'; hidden_act is gelu"
      },
      quoteCharacter = '"')
  void anotherFunctionIsRefusedByName(String entry, String named) {
    assertThatThrownBy(() -> read("," + entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(named);
  }

  @Test
  void twoFactorsOfRotationAreRefused() {
    assertThatThrownBy(() -> read(ROPE + ",'short_mscale':1.25,'long_mscale':1.5}"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("short_mscale");
  }

  private static PhiConfig read(String entries) throws IOException {
    ObjectNode config = ConfigEntries.json("PhiMoEForCausalLM", entries);
    return PhiConfig.of(ConfigForm.of(config), "config.json", new PhiMoe().keys());
  }
}
