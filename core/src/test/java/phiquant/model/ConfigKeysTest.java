package phiquant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;
import phiquant.model.phi.Phi3;

/** No key that changes what a model computes passes unread. */
class ConfigKeysTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LLAMA = "'architectures':['LlamaForCausalLM'],'model_type':'llama',";

  /** Each changes the function in transformers' or the authors' code. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "'hidden_act':'gelu_pytorch_tanh'",
        "'hidden_act':'gelu'",
        "'attention_bias':true",
        "'mlp_bias':true",
        "'lm_head_bias':true",
        "'full_attn_mod':2",
        "'interpolate_factor':2",
        "'is_causal':false",
        "'rope_traditional':true",
        "'model_type':'phimoe'",
        "'pruned_heads':{'0':[1]}"
      })
  void anotherFunctionIsRefusedByKeyAndValue(String entry) {
    String key = entry.substring(1, entry.indexOf('\'', 1));
    String value = entry.substring(entry.indexOf(':') + 1).replace("'", "");
    assertThatThrownBy(() -> read(entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key + " is ")
        .message()
        .matches(text -> text.replace("\"", "").contains(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'rope_theta':-10000.0",
        "'rope_theta':0",
        "'rope_theta':1e300",
        "'rms_norm_eps':-1e-5",
        "'rms_norm_eps':0",
        "'rms_norm_eps':100",
        "'sliding_window':0",
        "'sliding_window':-1",
        "'partial_rotary_factor':-0.5",
        "'tie_word_embeddings':'no'",
        "'rope_scaling':7",
        "'original_max_position_embeddings':1,'rope_scaling':{'type':'longrope',"
            + "'short_factor':[1,1,1,1],'long_factor':[1,1,1,1]}",
        "'rope_scaling':{'type':'longrope','short_factor':[1,1,1,1],'long_factor':[1,1,1,1],"
            + "'attention_factor':-1}",
        "'rope_scaling':{'type':'longrope','short_factor':[1,1,-1,1],'long_factor':[1,1,1,1]}"
      })
  void anImpossibleNumberIsRefusedByKey(String entry) {
    assertThatThrownBy(() -> read(entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(entry.substring(1, entry.indexOf('\'', 1)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'rope_scaling':{'rope_type':'llama3','factor':8.0} | rope_scaling is of the type llama3",
        "'rope_parameters':{'rope_type':'linear'}           | rope_scaling is of the type linear",
        "'partial_rotary_factor':0.5                        | partial_rotary_factor is 0.5",
        "'sliding_window':512                               | sliding_window is 512",
        "'model_type':'phi3'                                | model_type is phi3"
      },
      quoteCharacter = '`')
  void aLlamaThatIsNoPhi3SaysWhatDiffers(String entry, String fact) throws IOException {
    ObjectNode llama = config(LLAMA + entry);
    assertThat(ConfigForm.difference(llama)).hasValue(fact);
    assertThat(ConfigForm.of(llama)).isSameAs(llama);
  }

  @ParameterizedTest
  @ValueSource(strings = {"'attention_bias':true", "'mlp_bias':true", "'hidden_act':'gelu'"})
  void aLlamaIsHeldToWhatAPhi3Is(String entry) {
    String key = entry.substring(1, entry.indexOf('\'', 1));
    assertThatThrownBy(() -> read(LLAMA + entry))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key);
  }

  @Test
  void allUnknownKeysAreNamedInOneLine() throws IOException {
    ObjectNode config =
        config("'unsloth_fixed':true,'my_note':'x','rope_scaling':{'type':'default','odd':1}");
    assertThat(new Phi3().keys().notices(config, "config.json"))
        .containsExactly(
            "config.json has keys that phiquant does not know and makes no use of:"
                + " unsloth_fixed, my_note, rope_scaling.odd.");
  }

  private static PhiConfig read(String entry) throws IOException {
    return PhiConfig.of(config(entry), "config.json", new Phi3().keys());
  }

  private static ObjectNode config(String entries) throws IOException {
    ObjectNode config =
        (ObjectNode)
            JSON.readTree(
                """
                {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "hidden_size": 32,
                 "num_attention_heads": 4, "max_position_embeddings": 2048}
                """);
    config.setAll((ObjectNode) JSON.readTree("{" + entries.replace('\'', '"') + "}"));
    return ConfigForm.of(config);
  }
}
