package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * Experts in codes in the real ONNX Runtime. Logits say little of them, for a little error chooses
 * other experts: so an operator alone is asked what it makes of given features with given weights.
 */
class OnnxExpertsIT {
  private static final String DRIVER = "engines/onnx_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int EXPERTS = 16;
  private static final int BLOCK = 32;
  private static final int ROWS = 6;

  @TempDir Path out;

  /** What the engine does with features. */
  enum Rounds {
    NOTHING,
    TO_BYTES,
    TO_HALVES
  }

  /**
   * It computes with the weights that phiquant reads. Where the engine rounds what it multiplies to
   * 8 bits in blocks (int8 at every level, int4 at level 4), features are chosen that this leaves
   * as they are; the inner ones, a, are off by half a step at most, which is max|a| / 254 of a
   * block, so an output is off by Σ |w| max|a| / 254. In 16 bits features, weights' logarithms and
   * what comes out are rounded: some 2^-10 of Σ |w a|.
   */
  @ParameterizedTest
  @CsvSource({
    "'onnx:int4,accuracy_level=1', NOTHING",
    "'onnx:int4,accuracy_level=1,is_symmetric=false', NOTHING",
    "'onnx:int4', TO_BYTES",
    "'onnx:int8', TO_BYTES",
    "'onnx:fp32', NOTHING",
    "'onnx:fp16', TO_HALVES",
  })
  void theOperatorMultipliesWithWhatIsRead(String spec, Rounds rounds) throws IOException {
    Path folder = make(spec);
    Random random = new Random(7);
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      Map<String, StoredTensor> tensors = checkpoint.tensors();
      String layer = "model.layers.1.block_sparse_moe.experts.";
      int hidden = Math.toIntExact(tensors.get(layer + "0.w1.weight").columns());
      float[][] x = new float[ROWS][hidden];
      float[][] weights = new float[ROWS][EXPERTS];
      for (int r = 0; r < ROWS; r++) {
        for (int i = 0; i < hidden; i++) {
          x[r][i] = i % BLOCK == 0 ? 1 : (random.nextInt(255) - 127) / 127f;
        }
        weights[r][r] = 1;
        weights[r][(3 * r + 7) % EXPERTS] = 1 / (r + 1f);
      }
      boolean shares = !spec.contains("int");
      JsonNode given = ask(folder, x, weights);
      assertThat(given).hasSize(ROWS * hidden);
      for (int r = 0; r < ROWS; r++) {
        double[] sum = new double[hidden];
        double[] bound = new double[hidden];
        for (int e = 0; e < EXPERTS; e++) {
          if (weights[r][e] > 0) {
            double whole = shares ? 1 + 1 / (r + 1.0) : 1;
            add(tensors, layer + e, x[r], weights[r][e] / whole, rounds, sum, bound);
          }
        }
        for (int i = 0; i < hidden; i++) {
          assertThat(given.path(r * hidden + i).asDouble())
              .as("%s, row %d, feature %d", spec, r, i)
              .isCloseTo(sum[i], within(bound[i] + 1e-4));
        }
      }
    }
  }

  private static void add(
      Map<String, StoredTensor> tensors,
      String expert,
      float[] x,
      double weight,
      Rounds rounds,
      double[] sum,
      double[] bound) {
    float[][] gate = matrix(tensors.get(expert + ".w1.weight"));
    float[][] up = matrix(tensors.get(expert + ".w3.weight"));
    float[][] down = matrix(tensors.get(expert + ".w2.weight"));
    double[] inner = new double[gate.length];
    double[] step = new double[gate.length / BLOCK];
    for (int k = 0; k < inner.length; k++) {
      double g = dot(gate[k], x);
      inner[k] = g / (1 + Math.exp(-g)) * dot(up[k], x);
      step[k / BLOCK] = Math.max(step[k / BLOCK], Math.abs(inner[k]) / 254);
    }
    for (int i = 0; i < sum.length; i++) {
      for (int k = 0; k < inner.length; k++) {
        sum[i] += weight * down[i][k] * inner[k];
        double off =
            switch (rounds) {
              case NOTHING -> 0;
              case TO_BYTES -> step[k / BLOCK];
              case TO_HALVES -> 0x1p-9 * Math.abs(inner[k]);
            };
        bound[i] += weight * Math.abs(down[i][k]) * off;
      }
    }
  }

  private static double dot(float[] w, float[] x) {
    return IntStream.range(0, w.length).mapToDouble(i -> (double) w[i] * x[i]).sum();
  }

  private static float[][] matrix(StoredTensor tensor) {
    int columns = Math.toIntExact(tensor.columns());
    float[][] rows = new float[Math.toIntExact(tensor.rows())][columns];
    for (int r = 0; r < rows.length; r++) {
      tensor.read(r, 1, rows[r], 0);
    }
    return rows;
  }

  private JsonNode ask(Path folder, float[][] x, float[][] weights) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * ROWS * (EXPERTS + x[0].length)).order(ByteOrder.LITTLE_ENDIAN);
    for (int r = 0; r < ROWS; r++) {
      bytes.asFloatBuffer().put(weights[r]).put(x[r]);
      bytes.position(bytes.position() + 4 * (EXPERTS + x[r].length));
    }
    Path file = Files.write(out.resolve("inputs"), bytes.array());
    String operator = "/model/layers.1/moe/MoE";
    return JSON.readTree(
        Engines.run(
            Engines.python("onnx"),
            DRIVER,
            "experts",
            folder.toString(),
            operator,
            file.toAbsolutePath().toString()));
  }

  /** The whole model, where the engine rounds no features, as our engine runs the same folder. */
  @ParameterizedTest
  @ValueSource(strings = {"onnx:int4,accuracy_level=1,embedding=int8"})
  void aModelInCodesGivesTheLogitsOfItsWeights(String spec) throws IOException {
    Path folder = make(spec);
    int[] ids = IntStream.range(0, 24).map(i -> (int) ((7919L * i + 13) % 32000)).toArray();
    JsonNode theirs =
        JSON.readTree(
            Engines.run(
                Engines.python("onnx"), DRIVER, "logits", folder.toString(), "32000", "24"));
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(folder), RunOptions.exact())) {
      float[] ours = model.logits(ids, model.cache(ids.length));
      for (int i = 0; i < ours.length; i++) {
        assertThat(theirs.path("last").path(i).asDouble()).isCloseTo(ours[i], within(1e-3));
      }
    }
  }

  private Path make(String spec) {
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
