package phiquant.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.MatrixFile;

/** Every expert of a layer is rounded for the inputs that it had, whatever engine it is for. */
class CalibratedExpertsTest {
  private static final int EXPERTS = 16;

  @TempDir Path out;

  /**
   * The weighted error of each expert's matrices, by its own columns: rounded for another's it
   * would not fall so far. The bytes do not depend on the number of threads.
   */
  @ParameterizedTest
  @CsvSource({
    "onnx:int4, model.onnx.data",
    "'openvino:int4,group=64', openvino_model.bin",
    "mlx:4bit, model.safetensors",
  })
  void eachExpertIsRoundedForItsOwnInputs(String spec, String weights) throws IOException {
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      Map<String, float[]> means = MatrixFile.random(source);
      // Both are multiplied with the same.
      means.replaceAll((name, own) -> means.get(name.replace("ffn_up_exps", "ffn_gate_exps")));
      Path matrix = MatrixFile.write(out.resolve("matrix.gguf"), means, 1024);
      String calibrated = spec + ",imatrix=" + matrix;
      Path plain = make(source, spec, 2, "plain");
      Path one = make(source, calibrated, 1, "one");
      Path three = make(source, calibrated, 3, "three");
      assertThat(Files.mismatch(one.resolve(weights), three.resolve(weights))).isEqualTo(-1);
      try (Checkpoint before = Checkpoints.open(plain);
          Checkpoint after = Checkpoints.open(one)) {
        for (String part : new String[] {"gate w1", "down w2", "up w3"}) {
          String[] names = part.split(" ");
          float[] all = means.get("blk.1.ffn_" + names[0] + "_exps.weight");
          for (int e = 0; e < EXPERTS; e++) {
            String name = "model.layers.1.block_sparse_moe.experts.%d.%s.weight";
            String tensor = name.formatted(e, names[1]);
            double own = error(source, after, tensor, all, e);
            assertThat(own).as(tensor).isLessThan(0.95 * error(source, before, tensor, all, e));
          }
        }
      }
    }
  }

  private Path make(Checkpoint source, String spec, int threads, String folder) {
    return Quantize.of(source).to(spec).threads(threads).into(out.resolve(folder)).getFirst();
  }

  private static double error(
      Checkpoint source, Checkpoint made, String name, float[] means, int expert) {
    StoredTensor original = source.tensors().get(name);
    StoredTensor rounded = made.tensors().get(name);
    int columns = Math.toIntExact(original.columns());
    int rows = Math.toIntExact(original.rows());
    float[] w = new float[rows * columns];
    float[] v = new float[rows * columns];
    original.read(0, rows, w, 0);
    rounded.read(0, rows, v, 0);
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      double difference = w[i] - v[i];
      sum += means[expert * columns + i % columns] * difference * difference;
    }
    return sum;
  }
}
