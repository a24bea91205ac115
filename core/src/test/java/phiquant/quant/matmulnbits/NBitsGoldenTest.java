package phiquant.quant.matmulnbits;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.quant.FloatType;

/** Every quantized weight of what ONNX Runtime GenAI's model builder wrote, byte for byte. */
class NBitsGoldenTest {
  @ParameterizedTest
  @CsvSource({
    "onnx-wide-int4-cpu, 4, 32, true, FLOAT32",
    "onnx-wide-int4-cpu-b128-asym-unshared, 4, 128, false, FLOAT32",
    "onnx-wide-int4-cuda, 4, 32, true, FLOAT16",
    "onnx-wide-int8-cpu, 8, 32, true, FLOAT32",
    "onnx-tiny-phi-3.5-mini-int4-cpu, 4, 32, true, FLOAT32",
    "onnx-tiny-phi-4-int4-cpu, 4, 32, true, FLOAT32",
    "onnx-tiny-phi-4-mini-int4-cpu, 4, 32, true, FLOAT32",
  })
  void bytesEqualTheBuilders(
      String golden, int bits, int block, boolean symmetric, FloatType type) {
    NBitsFormat format = new NBitsFormat(Algorithm.DEFAULT, bits, block, symmetric, type);
    Map<String, String> hashes = new HashMap<>();
    for (JsonNode initializer : Golden.json(golden).path("initializers")) {
      boolean object = initializer.isObject();
      hashes.put(
          initializer.path(object ? "name" : "0").asText(initializer.path(0).asText()),
          object ? initializer.path("sha256").asText() : initializer.path(3).asText());
    }
    Path folder =
        golden.contains("wide")
            ? Fixtures.smolPhiWide()
            : Fixtures.tiny(golden.replace("onnx-tiny-", "").replace("-int4-cpu", ""));
    int compared = 0;
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      Map<String, StoredTensor> tensors = checkpoint.tensors();
      for (String name : hashes.keySet()) {
        if (!name.endsWith("weight_Q" + bits)) {
          continue;
        }
        String stem = name.substring(0, name.length() - 3);
        String source =
            stem.replace(".MatMul", "")
                .replace(".attn.", ".self_attn.")
                .replaceFirst("(gate|up)_proj", "gate_up_proj");
        StoredTensor tensor =
            tensors.getOrDefault(source, tensors.get("model.embed_tokens.weight"));
        long rows =
            source.equals(stem.replace(".MatMul", "").replace(".attn.", ".self_attn."))
                ? tensor.rows()
                : tensor.rows() / 2;
        Encoded encoded =
            Encoded.of(format, tensor, stem.contains(".up_proj") ? rows : 0, (int) rows);
        assertThat(Golden.sha256(encoded.codes())).as(name).isEqualTo(hashes.get(name));
        assertThat(Golden.sha256(encoded.scales()))
            .as("%s_scales", stem)
            .isEqualTo(hashes.get(stem + "_scales"));
        if (format.hasZeroPoints()) {
          assertThat(Golden.sha256(encoded.zeroPoints()))
              .as("%s_zero_points", stem)
              .isEqualTo(hashes.get(stem + "_zero_points"));
        }
        compared++;
      }
    }
    assertThat(compared).isEqualTo(golden.contains("wide") ? 151 : 11);
  }
}
