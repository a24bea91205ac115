package phiquant.model.phi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;

/** Who comes with another architecture is told what it is, or what it differs in, in one line. */
class UnknownArchitecturesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @BeforeEach
  void makeModel() throws IOException {
    RandomModel.write(folder.resolve("model"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Phi4FlashForCausalLM | neither llama.cpp, MLX, ONNX Runtime GenAI nor OpenVINO runs",
        "phi4flash | neither llama.cpp, MLX, ONNX Runtime GenAI nor OpenVINO runs",
        "Phi4MMForCausalLM | Phi-4-multimodal, whose pictures and sounds",
        "MixFormerSequentialForCausalLM | the form of its first releases"
      })
  void whatIsKnownAndNotComputedIsRefusedWithItsReason(String name, String reason)
      throws IOException {
    changeConfig(config -> named(config, name));
    UserError refused = catchThrowableOfType(UserError.class, this::read);
    assertThat(refused)
        .hasMessageContaining("config.json describes a '" + name + "': ")
        .hasMessageContaining(reason);
    assertThat(refused.getMessage()).doesNotContain("\n");
    assertThat(refused.hint()).contains("supported");
  }

  @Test
  void whatIsUnknownIsComparedWithTheNearest() throws IOException {
    changeConfig(config -> named(config, "Qwen9ForCausalLM").put("use_qk_norm", true));
    Path file = folder.resolve("model/model.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>(TensorFile.read(file));
    for (int layer = 0; layer < 4; layer++) {
      String at = "model.layers." + layer + ".";
      Tensor norm = tensors.remove(at + "post_attention_layernorm.weight");
      tensors.put(at + "self_attn.q_norm.weight", norm);
    }
    Files.delete(file);
    TensorFile.write(file, tensors);
    assertThatThrownBy(this::read)
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith(
            "a 'Qwen9ForCausalLM', which is not supported. Nearest is Phi3ForCausalLM: the"
                + " checkpoint has model.layers.N.self_attn.q_norm.weight; it lacks"
                + " model.layers.N.post_attention_layernorm.weight; config.json has use_qk_norm.");
  }

  @Test
  void theNearestIsTheOneThatDiffersLeast() throws IOException {
    Path file = folder.resolve("model/model.safetensors");
    Tensor any = TensorFile.read(file).get("model.norm.weight");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name :
        List.of("embed_tokens.weight", "layers.0.mlp.fc1.bias", "final_layernorm.bias")) {
      tensors.put("model." + name, any);
    }
    Files.delete(file);
    TensorFile.write(file, tensors);
    changeConfig(config -> named(config, "Phi9ForCausalLM"));
    assertThatThrownBy(this::read).hasMessageContaining("Nearest is PhiForCausalLM: ");
  }

  private static ObjectNode named(ObjectNode config, String name) {
    config.remove("model_type");
    config.putArray("architectures").add(name);
    return config;
  }

  private void changeConfig(Consumer<ObjectNode> change) throws IOException {
    Path file = folder.resolve("model/config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(config);
    Files.writeString(file, config.toString());
  }

  private void read() {
    try (Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"))) {
      Family.model(checkpoint);
    }
  }
}
