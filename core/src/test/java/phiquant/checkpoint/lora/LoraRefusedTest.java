package phiquant.checkpoint.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.LoraCase;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;

/** An adapter that is damaged, for another model or not computed gets one line that says so. */
class LoraRefusedTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String A = "base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight";
  private static final String B = "base_model.model.model.layers.0.self_attn.o_proj.lora_B.weight";

  @TempDir Path folder;
  private Path model;
  private Path adapter;
  private Path weights;

  @BeforeEach
  void make() throws IOException {
    LoraCase one = LoraCase.named("fused");
    model = one.model(folder.resolve("model"));
    adapter = one.adapter(0, folder.resolve("adapter"));
    weights = adapter.resolve("adapter_model.safetensors");
  }

  @Test
  void aFolderWithoutAConfigurationIsNone() throws IOException {
    Files.delete(adapter.resolve("adapter_config.json"));
    assertRefused("adapter has no adapter_config.json");
  }

  @Test
  void aFolderWithoutWeightsIsNone() throws IOException {
    Files.delete(weights);
    assertRefused("adapter has no adapter_model.safetensors");
    Files.writeString(adapter.resolve("adapter_model.bin"), "");
    assertRefused("adapter_model.bin is a Python pickle");
  }

  @Test
  void aFolderThatIsNotThereIsNone() {
    adapter = folder.resolve("nowhere");
    assertRefused("nowhere does not exist");
    adapter = weights;
    assertRefused("adapter_model.safetensors is no folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"r\": 1, \"r\": 2}", "\u0000"})
  void aConfigurationThatCannotBeReadIsNamed(String text) throws IOException {
    Files.writeString(adapter.resolve("adapter_config.json"), text);
    assertRefused("adapter_config.json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "peft_type | \"LOHA\" | adapter of the type LOHA",
        "peft_type | \"SOMETHING\" | adapter of the type SOMETHING",
        "peft_type | null | has no peft_type",
        "r | 0 | r is 0; a rank is a whole number from 1",
        "r | -4 | r is -4",
        "r | 4.5 | r is 4.5",
        "r | \"4\" | r is \"4\"",
        "r | 5 | but adapter_config.json says the rank 5",
        "lora_alpha | \"8\" | lora_alpha is \"8\", which is no number",
        "lora_alpha | null | lora_alpha is null",
        "rank_pattern | {\"o_proj\": 0} | rank_pattern is 0",
        "rank_pattern | {\"o_proj\": 3} | but adapter_config.json says the rank 3",
        "rank_pattern | {\"o_proj(\": 4} | the key 'o_proj(', which is no regular expression",
        "rank_pattern | {\".*.*.*.*.*.*.*.*.*.*x\": 4} | takes too long to match",
        "alpha_pattern | {\"o_proj\": \"x\"} | alpha_pattern is \"x\"",
        "use_dora | true | 'use_dora', which phiquant does not compute",
        "lora_bias | true | 'lora_bias'",
        "layer_replication | [[0, 2]] | 'layer_replication'",
        "alora_invocation_tokens | [1, 2] | 'alora_invocation_tokens'",
        "trainable_token_indices | [7] | 'trainable_token_indices'",
        "target_parameters | [\"experts.weight\"] | 'target_parameters'",
        "use_qalora | true | 'use_qalora'",
        "use_bdlora | {\"nblocks\": 2} | 'use_bdlora'",
        "arrow_config | {\"top_k\": 2} | 'arrow_config'",
        "kasa_config | {\"beta\": 1} | 'kasa_config'",
        "velora_config | {\"scale\": 1} | 'velora_config'",
        "monteclora_config | {\"num_samples\": 1} | 'monteclora_config'",
        "megatron_config | {\"x\": 1} | 'megatron_config'",
        "ensure_weight_tying | true | 'ensure_weight_tying'",
        "made_up_later | 1 | 'made_up_later'",
        "init_lora_weights | \"pissa\" | init_lora_weights 'pissa'",
        "init_lora_weights | \"pissa_niter_16\" | init_lora_weights 'pissa_niter_16'",
        "init_lora_weights | \"olora\" | init_lora_weights 'olora'",
        "init_lora_weights | \"loftq\" | init_lora_weights 'loftq'",
        "init_lora_weights | \"corda\" | init_lora_weights 'corda'"
      })
  void aFactThatIsNotComputedIsNamed(String key, String value, String message) throws IOException {
    Path file = adapter.resolve("adapter_config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.readTree(value));
    Files.writeString(file, config.toString());
    assertRefused(message);
  }

  @Test
  void aMissingHalfOfAPairIsNamed() throws IOException {
    change(tensors -> tensors.remove(B));
    assertRefused("holds '" + A + "' without '" + B + "'");
  }

  @Test
  void notANumberIsNamed() throws IOException {
    change(tensors -> tensors.put(A, filled(Float.NaN, 4, 64)));
    assertRefused("the tensor '" + A + "' holds NaN or infinite numbers");
    change(tensors -> tensors.put(A, filled(Float.NEGATIVE_INFINITY, 4, 64)));
    assertRefused("the tensor '" + A + "' holds NaN or infinite numbers");
  }

  @Test
  void anAdapterForAWiderModelIsRefused() throws IOException {
    change(tensors -> tensors.put(A, filled(1, 4, 96)));
    String why = assertRefused("changes 'model.layers.0.self_attn.o_proj.weight' as a matrix of");
    assertThat(why).contains("64 x 96").contains("64 x 64").contains("for another model");
  }

  @Test
  void anAdapterForADeeperModelIsRefused() throws IOException {
    change(
        tensors -> {
          tensors.put(A.replace(".0.", ".2."), filled(1, 4, 64));
          tensors.put(B.replace(".0.", ".2."), filled(1, 64, 4));
        });
    assertRefused("changes 'model.layers.2.self_attn.o_proj.weight', which");
  }

  @ParameterizedTest
  @CsvSource({
    "lora_magnitude_vector.weight, which phiquant does not compute",
    "lora_B.bias, which phiquant does not compute",
    "q_norm.weight, lacks",
    "token_adapter.trainable_tokens_delta, lacks"
  })
  void anotherTensorIsNamed(String end, String message) throws IOException {
    change(tensors -> tensors.put(A.replace("lora_A.weight", end), filled(1, 64)));
    assertThat(assertRefused(end)).contains(message);
  }

  @Test
  void anotherTypeIsNamed() throws IOException {
    change(
        tensors ->
            tensors.put(A, new Tensor("I32", List.of(4L, 64L), ByteBuffer.allocate(4 * 4 * 64))));
    assertRefused("is stored as I32");
  }

  @Test
  void aCutFileIsNamed() throws IOException {
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused("adapter_model.safetensors");
  }

  @Test
  void aFileWithoutTensorsIsNamed() throws IOException {
    TensorFile.write(weights, Map.of());
    assertRefused("holds no tensors");
  }

  @ParameterizedTest
  @ValueSource(strings = {"half", "", "NaN", "1e999", "0x1", "1d"})
  void aScaleThatIsNoNumberIsRefused(String scale) {
    assertThatThrownBy(() -> Lora.parse(adapter + ":" + scale))
        .isInstanceOfSatisfying(
            UserError.class,
            error -> {
              assertThat(error).hasMessageContaining("the scale '" + scale + "' is no number");
              assertThat(error.isUsage()).isTrue();
            });
  }

  /** Tensors of an adapter of these are F32. */
  private static Tensor filled(float value, long... shape) {
    Tensor zeros = Tensor.filled(0, java.util.Arrays.stream(shape).map(n -> n).toArray());
    ByteBuffer data = ByteBuffer.allocate(2 * zeros.data().limit());
    data.order(java.nio.ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      data.putFloat(value);
    }
    return new Tensor("F32", zeros.shape(), data.flip());
  }

  private void change(Consumer<Map<String, Tensor>> change) throws IOException {
    Map<String, Tensor> tensors = TensorFile.read(weights);
    change.accept(tensors);
    TensorFile.write(weights, tensors);
  }

  private String assertRefused(String message) {
    StringBuilder said = new StringBuilder();
    assertThatThrownBy(
            () -> {
              Checkpoint base = Checkpoints.open(model);
              Lora.merge(base, List.of(new Lora(adapter, 1))).close();
            })
        .isInstanceOfSatisfying(
            UserError.class,
            error -> {
              assertThat(error).hasMessageContaining(message);
              assertThat(error.getMessage()).hasLineCount(1).contains(adapter.toString());
              said.append(error.getMessage()).append(' ').append(error.hint());
            });
    return said.toString();
  }
}
