package phiquant.engine.openvino.reader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.model.phi.Family;

/** IR folders, optimum's and ours, opened as checkpoints. */
class OpenVinoFolderTest {
  @TempDir Path out;

  /** All weights of optimum's IR are found, under the names and in the shapes of the checkpoint. */
  @ParameterizedTest
  @CsvSource({
    "openvino-wide-int4, smolphi-wide",
    "openvino-wide-int8, smolphi-wide",
    "openvino-tiny-phi-3.5-mini-int8, tiny",
  })
  void findsTheWeightsOfThePeersIr(String golden, String kind) throws IOException {
    Path source = kind.equals("tiny") ? Fixtures.tiny("phi-3.5-mini") : Fixtures.smolPhiWide();
    try (InputStream xml = Golden.open(golden + ".xml.gz")) {
      Files.copy(xml, out.resolve("openvino_model.xml"));
    }
    Files.copy(source.resolve("config.json"), out.resolve("config.json"));
    // Only the XML was kept; a file with a hole stands for the numbers.
    try (RandomAccessFile bin =
        new RandomAccessFile(out.resolve("openvino_model.bin").toFile(), "rw")) {
      bin.setLength(200 << 20);
    }
    try (Checkpoint ir = Checkpoints.open(out);
        Checkpoint original = Checkpoints.open(source)) {
      PhiModel model = Family.model(ir);
      assertThat(ir.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(original.tensors().keySet());
      assertThat(ir.isQuantized()).isTrue();
      JsonNode constants = golden.contains("wide") ? Golden.json(golden).path("constants") : null;
      for (Weight weight : model.weights()) {
        if (constants != null && weight.isMatrix()) {
          assertThat(weight.tensor().format()).isEqualTo(expected(constants, weight.name()));
        }
      }
    }
  }

  private static String expected(JsonNode constants, String name) {
    String theirs = "self." + name.replace(".weight", "._openvino_orig_weight");
    for (JsonNode constant : constants) {
      if (constant.path("name").asText().equals(theirs)) {
        return constant.path("element_type").asText().equals("i4")
            ? "int4 sym g128"
            : "int8 asym row";
      }
    }
    throw new AssertionError(name);
  }

  /** What is stored exactly comes back exactly, norms too, which are constants without names. */
  @ParameterizedTest
  @ValueSource(strings = {"openvino:fp32", "openvino:fp16"})
  void plainWeightsComeBack(String spec) {
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny("phi-4-mini"));
        Checkpoint ir = Checkpoints.open(Quantize.of(original).to(spec).into(out).get(0))) {
      assertThat(ir.isQuantized()).isFalse();
      original
          .tensors()
          .forEach(
              (name, tensor) -> {
                float[] expected = values(tensor);
                if (spec.endsWith("16") && tensor.shape().size() > 1) {
                  for (int i = 0; i < expected.length; i++) {
                    expected[i] = Float.float16ToFloat(Float.floatToFloat16(expected[i]));
                  }
                }
                assertThat(values(ir.tensors().get(name))).as(name).isEqualTo(expected);
              });
    }
  }

  /** An untied head, and groups that do not divide a row, are read back too. */
  @Test
  void anUntiedHeadIsFound() {
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny("phi-3.5-mini"));
        Checkpoint ir =
            Checkpoints.open(
                Quantize.of(original).to("openvino:int4,all-layers").into(out).get(0))) {
      Weight head = Family.model(ir).weight(Role.HEAD, -1);
      assertThat(head.tensor().format()).startsWith("int4 asym");
      Map<String, Integer> operators = ((OpenVinoFolder) ir).operators();
      assertThat(operators).containsEntry("ReadValue", 4).containsEntry("MatMul", 10);
    }
  }

  private static float[] values(StoredTensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, Math.toIntExact(tensor.rows()), values, 0);
    return values;
  }
}
