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
import phiquant.model.phi.Phi3Small;

/** What a {@code Phi3SmallForCausalLM}'s configuration means, and which facts are refused. */
class Phi3SmallConfigTest {
  /** The defaults of its own {@code configuration_phi3_small.py}. */
  @Test
  void silenceMeansTheClassDefaults() throws IOException {
    PhiConfig config = read("");
    assertThat(config.vocabulary()).isEqualTo(100352);
    assertThat(config.feedForward()).isEqualTo(14336);
    assertThat(config.ropeTheta()).isEqualTo(1e6);
    assertThat(config.contextLength()).isEqualTo(8192);
    assertThat(config.small().orElseThrow().sparse()).isEqualTo(BlockSparse.of(64, 16, 8, 32));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "'rope_scaling':{'type':'su','short_factor':[1],'long_factor':[1]}; 'su' is not supported"
            + " in a Phi-3-small, so its 128k form is not",
        "'hidden_act':'silu'; hidden_act is silu",
        "'blocksparse_homo_head_pattern':true; blocksparse_homo_head_pattern is true",
        "'rope_position_scale':2.0; rope_position_scale is 2.0",
        "'blocksparse_block_size':0; blocksparse_block_size must be a positive integer",
        "'num_hidden_layers':16777216; num_hidden_layers is 16777216, which is more"
      },
      quoteCharacter = '"')
  void anotherFunctionIsRefusedByName(String entry, String named) {
    assertThatThrownBy(() -> read("," + entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(named);
  }

  private static PhiConfig read(String entries) throws IOException {
    ObjectNode config = ConfigEntries.json("Phi3SmallForCausalLM", entries);
    return PhiConfig.of(ConfigForm.of(config), "config.json", new Phi3Small().keys());
  }
}
