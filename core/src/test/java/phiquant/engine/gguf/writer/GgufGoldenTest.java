package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/**
 * Whole files against what llama.cpp's tools wrote: size, every key and value in its order, every
 * tensor's name, type, shape and bytes.
 */
class GgufGoldenTest {
  private static final String ALL =
      "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M"
          + " Q6_K IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4_MOE";

  @TempDir Path out;

  @ParameterizedTest
  @CsvSource({
    "smolphi-135m, " + ALL,
    "smolphi-wide, " + ALL + " Q1_0 Q2_0",
    "tiny-phi-3.5-mini, Q4_K_M Q2_K IQ4_XS",
    "tiny-phi-2, Q4_K_M Q2_K IQ4_XS Q4_0 Q8_0 MXFP4_MOE",
    "tiny-phi-moe, Q4_K_M Q2_K IQ4_XS Q4_0 Q8_0 MXFP4_MOE",
    "tiny-phi-4, Q4_K_M Q2_K IQ4_XS",
    "tiny-phi-4-mini, Q4_K_M Q2_K IQ4_XS",
  })
  void filesEqualLlamaQuantizes(String model, String types) throws IOException {
    String[] all = types.split(" ");
    List<Path> made;
    try (Checkpoint checkpoint = Checkpoints.open(folder(model))) {
      Quantize pass = Quantize.of(checkpoint);
      for (String type : all) {
        pass = pass.to("gguf:" + type);
      }
      made = pass.into(out);
    }
    for (int i = 0; i < all.length; i++) {
      check(made.get(i), "gguf-" + model + "-" + all[i]);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, 'gguf:Q4_K_M,pure', Q4_K-pure",
    "smolphi-wide, 'gguf:Q4_0,pure', Q4_0-pure",
    "smolphi-wide, 'gguf:Q8_0,pure', Q8_0-pure",
    "smolphi-135m, 'gguf:Q4_K_M,pure', Q4_K-pure",
    "smolphi-wide, 'gguf:Q4_K_M,token-embedding-type=q8_0', Q4_K_M-embd-q8_0",
    "smolphi-wide, 'gguf:BF16,layout=convert', source-bf16",
    "smolphi-135m, 'gguf:BF16,layout=convert', source-bf16",
    "tiny-phi-2, 'gguf:BF16,layout=convert', source-bf16",
    "tiny-phi-2, 'gguf:F16,layout=convert', source-f16",
    "tiny-phi-moe, 'gguf:BF16,layout=convert', source-bf16",
    "smolphi-wide, 'gguf:F16,layout=convert', convert-f16",
    "smolphi-wide, 'gguf:F32,layout=convert', convert-f32",
    "smolphi-wide, 'gguf:BF16,layout=convert', convert-auto",
    "smolphi-wide, 'gguf:Q8_0,layout=convert', convert-q8_0",
    "smolphi-wide, 'gguf:TQ1_0,layout=convert,token-embedding-type=F16', convert-tq1_0",
    "smolphi-wide, 'gguf:TQ2_0,layout=convert,token-embedding-type=F16', convert-tq2_0",
    "tiny-phi-3.5-mini, 'gguf:BF16,layout=convert', source-bf16",
    "tiny-phi-4, 'gguf:BF16,layout=convert', source-bf16",
    "tiny-phi-4-mini, 'gguf:BF16,layout=convert', source-bf16",
  })
  void optionsGiveThePeersFiles(String model, String spec, String golden) throws IOException {
    check(model, spec, "gguf-" + model + "-" + golden);
  }

  /** Text and tower of a model that sees are two files. */
  @Test
  void aTowerEqualsTheConverters() throws IOException {
    check("tiny-phi-4-vision", "gguf:BF16,layout=convert", "gguf-tiny-phi-4-vision-text-bf16");
    check("tiny-phi-4-vision", "gguf:mmproj", "gguf-tiny-phi-4-vision-mmproj-bf16");
  }

  /** The tower's file by itself is no model, and beside a model's it is not in the way. */
  @Test
  void aTowerIsNoModel() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-4-vision"))) {
      Path made = Quantize.of(checkpoint).to("gguf:MMPROJ").to("gguf:Q4_0").into(out).get(0);
      assertThat(made.getFileName()).hasToString("mmproj-tiny-phi-4-vision-BF16.gguf");
      assertThatThrownBy(() -> Checkpoints.open(made))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is the tower of a model that sees");
    }
    try (Checkpoint beside = Checkpoints.open(out)) {
      assertThat(beside.path().getFileName()).hasToString("tiny-phi-4-vision-Q4_0.gguf");
    }
  }

  private void check(String model, String spec, String golden) throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(folder(model))) {
      check(Quantize.of(checkpoint).to(spec).into(out).get(0), golden);
    }
  }

  private void check(Path made, String golden) throws IOException {
    JsonNode expected = Golden.json(golden);
    assertThat(Files.size(made)).as(golden).isEqualTo(expected.path("file_size").asLong());
    try (Arena arena = Arena.ofConfined()) {
      String whole = Golden.sha256(MappedFile.map(made, arena));
      if (whole.equals(expected.path("file_sha256").asText())) {
        Files.delete(made);
        return;
      }
      // The tiny models' goldens have no hash of the whole file; others differ, and here is where.
      GgufFile file = GgufFile.read(made, MappedFile.map(made, arena));
      assertKeys(golden, file.metadata(), expected.path("kv"));
      List<String> names = new ArrayList<>();
      for (JsonNode tensor : expected.path("tensors")) {
        String name = tensor.path("name").asText();
        names.add(name);
        GgufTensor ours = file.tensors().get(name);
        assertThat(ours).as(name).isNotNull();
        assertThat(ours.type().name())
            .as(golden + " " + name)
            .isEqualTo(tensor.path("type").asText());
        assertThat(Golden.sha256(ours.data()))
            .as(golden + " " + name)
            .isEqualTo(tensor.path("sha256").asText());
      }
      assertThat(file.tensors().keySet()).as("order of tensors").containsExactlyElementsOf(names);
      assertThat(expected.has("file_sha256"))
          .as(golden + ": all that is compared in detail is equal, but the whole file is not")
          .isFalse();
    }
    Files.delete(made);
  }

  private static void assertKeys(String golden, Map<String, Object> ours, JsonNode expected)
      throws IOException {
    List<String> keys = new ArrayList<>();
    expected.fieldNames().forEachRemaining(keys::add);
    assertThat(ours.keySet()).as(golden).containsExactlyElementsOf(keys);
    for (Map.Entry<String, JsonNode> entry : expected.properties()) {
      Object value = ours.get(entry.getKey());
      JsonNode theirs = entry.getValue();
      if (theirs.has("sha256")) {
        assertThat(Golden.sha256(compact((List<?>) value)))
            .as(entry.getKey())
            .isEqualTo(theirs.path("sha256").asText());
      } else if (theirs.path("value").isArray()) {
        assertThat(new String(compact((List<?>) value), java.nio.charset.StandardCharsets.UTF_8))
            .as(entry.getKey())
            .isEqualTo(theirs.path("value").toString());
      } else {
        String plain = theirs.path("value").asText();
        assertThat(
                value instanceof Double number ? String.valueOf(number.doubleValue()) : "" + value)
            .as(entry.getKey())
            .isEqualTo(value instanceof Double ? String.valueOf(Double.parseDouble(plain)) : plain);
      }
    }
  }

  /** The array as the goldens hashed it: JSON without spaces, floats as Python prints them. */
  private static byte[] compact(List<?> values) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ArrayNode array = json.createArrayNode();
    for (Object value : values) {
      if (value instanceof Double number) {
        array.addRawValue(
            new com.fasterxml.jackson.databind.util.RawValue(
                phiquant.checkpoint.PythonJson.number(number)));
      } else if (value instanceof Long number) {
        array.add(number);
      } else {
        array.add(String.valueOf(value));
      }
    }
    return json.writeValueAsString(array).getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private static Path folder(String model) {
    return switch (model) {
      case "smolphi-135m" -> Fixtures.smolPhi135m();
      case "smolphi-wide" -> Fixtures.smolPhiWide();
      default -> Fixtures.tiny(model.substring("tiny-".length()));
    };
  }
}
