package phiquant.engine.onnx.reader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;

/** What we read from blocks against what ONNX Runtime multiplies with. */
class OnnxFolderIT {
  @TempDir Path out;

  /** The engine multiplies the identity with the weights: what comes out are the weights. */
  @ParameterizedTest
  @CsvSource({
    "'onnx:int4'",
    "'onnx:int4,block_size=128,is_symmetric=false'",
    "'onnx:int8,algo_config=k_quant,block_size=16'",
  })
  void blocksMeanWhatTheEngineTakesThemFor(String spec) throws IOException {
    Path folder;
    try (Checkpoint source = Checkpoints.open(Fixtures.tinyPhi4())) {
      folder = Quantize.of(source).to(spec).into(out).get(0);
    }
    String answer =
        Engines.run(
            Engines.python("onnx"),
            "engines/onnx_driver.py",
            "weights",
            folder.toString(),
            "/model/layers.1/attn/qkv_proj/MatMul",
            "3");
    JsonNode rows = new ObjectMapper().readTree(answer);
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      StoredTensor tensor = checkpoint.tensors().get("model.layers.1.self_attn.qkv_proj.weight");
      int columns = Math.toIntExact(tensor.columns());
      float[] floats = new float[3 * columns];
      tensor.read(0, 3, floats, 0);
      for (int i = 0; i < floats.length; i++) {
        assertThat(floats[i])
            .as("weight %d", i)
            .isEqualTo((float) rows.path(i / columns).path(i % columns).asDouble());
      }
    }
  }
}
