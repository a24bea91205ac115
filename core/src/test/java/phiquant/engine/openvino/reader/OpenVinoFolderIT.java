package phiquant.engine.openvino.reader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;

/** What we read from an IR against what OpenVINO makes of the same constants. */
class OpenVinoFolderIT {
  @TempDir Path out;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "openvino:int4",
        "openvino:int4,sym,group=64",
        "openvino:int4,group=row,layers=all",
        "openvino:int8",
        "openvino:int8,sym",
        "openvino:nf4",
        "openvino:mxfp4",
        "openvino:fp16"
      })
  void readsTheWeightsThatTheEngineSees(String spec) throws IOException {
    List<String> names =
        List.of("model.layers.0.self_attn.qkv_proj.weight", "model.layers.29.mlp.down_proj.weight");
    try (Checkpoint source = Checkpoints.open(Fixtures.smolPhiMixed());
        Checkpoint ir = Checkpoints.open(Quantize.of(source).to(spec).into(out).get(0))) {
      String answers =
          Engines.run(
              Engines.python("openvino"),
              "engines/openvino_driver.py",
              "weights",
              ir.path().toString(),
              names.get(0),
              names.get(1));
      List<String> lines = answers.lines().toList();
      for (int i = 0; i < names.size(); i++) {
        StoredTensor tensor = ir.tensors().get(names.get(i));
        JsonNode rows = new ObjectMapper().readTree(lines.get(i));
        check(row(tensor, 0), rows.path(0));
        check(row(tensor, tensor.rows() - 1), rows.path(1));
      }
    }
  }

  /** The engine computes in f16 where it does not fuse, which costs a rounding. */
  private static void check(float[] ours, JsonNode theirs) {
    assertThat(theirs.size()).isEqualTo(ours.length);
    for (int i = 0; i < ours.length; i++) {
      double expected = theirs.path(i).asDouble();
      assertThat((double) ours[i])
          .isCloseTo(expected, org.assertj.core.api.Assertions.within(Math.abs(expected) / 1000));
    }
  }

  private static float[] row(StoredTensor tensor, long row) {
    float[] values = new float[Math.toIntExact(tensor.columns())];
    tensor.read(row, 1, values, 0);
    return values;
  }
}
