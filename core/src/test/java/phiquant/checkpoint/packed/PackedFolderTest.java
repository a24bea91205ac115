package phiquant.checkpoint.packed;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;

/** A folder of which one matrix is packed, through all that reads and writes checkpoints. */
class PackedFolderTest {
  private static final String MODULE = "model.layers.0.mlp.down_proj";

  @TempDir private Path folder;

  /** Every code is 11, every zero point 8, every scale 1/64: all weights are 3/64. */
  @Test
  void whatIsWrittenKnowsNothingOfThePacking() throws IOException {
    Path packed = Files.createDirectory(folder.resolve("packed"));
    Path plain = Fixtures.tinyPhi35Mini();
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      if (Files.exists(plain.resolve(name))) {
        Files.copy(plain.resolve(name), packed.resolve(name));
      }
    }
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(plain.resolve("config.json").toFile());
    config
        .putObject("quantization_config")
        .put("quant_method", "gptq")
        .put("bits", 4)
        .put("group_size", 128);
    json.writeValue(packed.resolve("config.json").toFile(), config);
    Map<String, Tensor> tensors =
        new LinkedHashMap<>(TensorFile.read(plain.resolve("model.safetensors")));
    List<Long> shape = tensors.remove(MODULE + ".weight").shape();
    long rows = shape.get(0);
    long columns = shape.get(1);
    tensors.put(MODULE + ".qweight", filled("I32", 0xBBBBBBBB, columns / 8, rows));
    tensors.put(MODULE + ".qzeros", filled("I32", 0x77777777, columns / 128, rows / 8));
    tensors.put(MODULE + ".scales", filled("F16", 0x24002400, columns / 128, rows));
    TensorFile.write(packed.resolve("model.safetensors"), tensors);
    try (Checkpoint checkpoint = Checkpoints.open(packed)) {
      assertThat(checkpoint.isQuantized()).isTrue();
      assertThat(checkpoint.tensors().get(MODULE + ".weight").format())
          .isEqualTo("packed int4 g128");
      Path made = Quantize.of(checkpoint).to("safetensors:bf16").into(folder).getFirst();
      assertThat(json.readTree(made.resolve("config.json").toFile()).has("quantization_config"))
          .isFalse();
      try (Checkpoint written = Checkpoints.open(made)) {
        float[] row = new float[Math.toIntExact(columns)];
        written.tensors().get(MODULE + ".weight").read(rows - 1, 1, row, 0);
        assertThat(row).containsOnly(3 / 64f);
      }
    }
  }

  /** Words of 32 bits, of which one holds two numbers of 16. */
  private static Tensor filled(String type, int word, long rows, long columns) {
    int bytes = Math.toIntExact(rows * columns * (type.equals("I32") ? 4 : 2));
    ByteBuffer data = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      data.putInt(word);
    }
    return new Tensor(type, List.of(rows, columns), data.flip());
  }
}
