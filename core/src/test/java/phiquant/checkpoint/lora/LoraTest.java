package phiquant.checkpoint.lora;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Golden;
import phiquant.fixtures.LoraCase;
import phiquant.model.phi.Family;

/** Adapters are merged to the numbers that PEFT's merge_and_unload leaves, bit for bit. */
class LoraTest {
  @TempDir Path folder;

  static List<LoraCase> cases() {
    return LoraCase.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyTensorIsAsPeftLeavesIt(LoraCase one) throws IOException {
    try (Checkpoint merged = merged(one)) {
      for (JsonNode expected : one.merged()) {
        StoredTensor tensor = tensor(merged.tensors(), expected.path("name").asText());
        float[] numbers = new float[(int) tensor.elements()];
        tensor.read(0, (int) tensor.rows(), numbers, 0);
        assertThat(Golden.sha256(LoraCase.bytes(numbers, expected.path("dtype").asText())))
            .as(tensor.name())
            .isEqualTo(expected.path("sha256").asText());
        assertThat(tensor.format()).isEqualTo(expected.path("dtype").asText());
      }
      assertThat(merged.notices().getLast()).contains("LoRA adapter");
      assertThat(Family.model(merged).weights()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void anyPartIsTheSameAsInTheWhole(LoraCase one) throws IOException {
    try (Checkpoint merged = merged(one)) {
      for (StoredTensor tensor : merged.tensors().values()) {
        int rows = (int) tensor.rows();
        int columns = (int) tensor.columns();
        float[] whole = new float[rows * columns];
        tensor.read(0, rows, whole, 0);
        int first = rows / 3;
        int left = columns / 3;
        int count = rows - first - rows / 7;
        int width = columns - left - columns / 5;
        float[] part = new float[count * width + 1];
        tensor.readColumns(first, count, left, width, part, 1);
        float[] someRows = new float[count * columns + 2];
        tensor.read(first, count, someRows, 2);
        for (int r = 0; r < count; r++) {
          for (int c = 0; c < columns; c++) {
            float expected = whole[(first + r) * columns + c];
            assertThat(someRows[2 + r * columns + c]).isEqualTo(expected);
            if (c >= left && c < left + width) {
              assertThat(part[1 + r * width + c - left]).isEqualTo(expected);
            }
          }
        }
      }
    }
  }

  @Test
  void theScaleIsTakenFromTheLastColon() {
    assertThat(Lora.parse(folder + ":0.5")).isEqualTo(new Lora(folder, 0.5));
    assertThat(Lora.parse(folder + ":-2e-1")).isEqualTo(new Lora(folder, -0.2));
    assertThat(Lora.parse(folder.toString())).isEqualTo(new Lora(folder, 1));
    assertThat(Lora.parse("no:where")).isEqualTo(new Lora(Path.of("no:where"), 1));
    assertThat(Lora.parse("nowhere:2")).isEqualTo(new Lora(Path.of("nowhere"), 2));
  }

  private Checkpoint merged(LoraCase one) throws IOException {
    List<Lora> adapters = new ArrayList<>();
    for (int i = 0; i < one.adapters(); i++) {
      adapters.add(new Lora(one.adapter(i, folder.resolve("adapter-" + i)), one.scale(i)));
    }
    return Lora.merge(Checkpoints.open(one.model(folder.resolve("model"))), adapters);
  }

  /** A tensor by its own name, or the rows of the fused one that a Llama's tensor became. */
  private static StoredTensor tensor(Map<String, StoredTensor> tensors, String name) {
    StoredTensor own = tensors.get(name);
    if (own != null) {
      return own;
    }
    String part = name.replaceFirst(".*\\.(\\w+)\\.weight$", "$1");
    int first =
        switch (part) {
          case "q_proj", "gate_proj" -> 0;
          case "k_proj" -> 64;
          case "v_proj" -> 96;
          case "up_proj" -> 128;
          default -> throw new AssertionError(name);
        };
    int count =
        switch (part) {
          case "q_proj" -> 64;
          case "k_proj", "v_proj" -> 32;
          default -> 128;
        };
    String fused = part.matches("[qkv]_proj") ? "qkv_proj" : "gate_up_proj";
    return new RowSlice(name, tensors.get(name.replace(part, fused)), first, count);
  }
}
