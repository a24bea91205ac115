package phiquant.run.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.matrix.stored.Matrices;

/**
 * An expert that an engine has piled up with others is multiplied where it lies: the numbers are
 * those that are read row by row, and those of the checkpoint but for the format's error.
 */
class ExpertsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "gguf:Q8_0",
        "gguf:Q4_K_M",
        "gguf:MXFP4_MOE",
        "mlx:8bit",
        "mlx:4bit",
        "mlx:mxfp8",
        "openvino:int8",
        "openvino:int4",
        "openvino:int4,layers=all",
        "onnx:int8",
        "onnx:int4",
        "onnx:int4,algo_config=k_quant,block_size=128"
      })
  void aSliceOfAPileIsAMatrix(String target, @TempDir Path out) {
    Path artifact;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      artifact = Quantize.of(checkpoint).to(target).into(out).get(0);
    }
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny("phi-moe"));
        Checkpoint made = Checkpoints.open(artifact)) {
      assertThat(made.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(original.tensors().keySet());
      for (int expert : new int[] {0, 1, 15}) {
        for (String module : new String[] {"w1", "w2", "w3"}) {
          String name = "model.layers.1.block_sparse_moe.experts." + expert + "." + module;
          check(original.tensors().get(name + ".weight"), made.tensors().get(name + ".weight"));
        }
      }
    }
  }

  private static void check(StoredTensor original, StoredTensor made) {
    assertThat(made.shape()).isEqualTo(original.shape());
    assertThat(made.layout()).isPresent();
    Matrix matrix = Matrices.of(made);
    int columns = matrix.columns();
    float[] expected = new float[columns];
    float[] read = new float[columns];
    float[] inPlace = new float[columns];
    for (int row : new int[] {0, 1, matrix.rows() - 1}) {
      original.read(row, 1, expected, 0);
      made.read(row, 1, read, 0);
      for (int column = 0; column < columns; column += Matrix.COLUMNS) {
        matrix.read(row, column, Math.min(Matrix.COLUMNS, columns - column), inPlace, column);
      }
      for (int i = 0; i < columns; i++) {
        assertThat(inPlace[i]).as(made.name()).isCloseTo(read[i], within(1e-6f));
        // Weights are up to 0.124. MXFP4's scale is then 2^(-4 - 2), and its largest code is 6
        // where
        // a weight may be nearly 8 scales: it loses less than two of them (OCP MX v1.0, 6.3).
        assertThat(read[i]).as(made.name()).isCloseTo(expected[i], within(0x1p-5f));
      }
    }
  }
}
