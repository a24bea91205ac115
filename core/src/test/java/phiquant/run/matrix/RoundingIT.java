package phiquant.run.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.engines.Engines;
import phiquant.engines.GgmlProduct;
import phiquant.fixtures.Fixtures;
import phiquant.model.Role;
import phiquant.model.phi.Family;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.run.matrix.stored.Matrices;
import phiquant.run.matrix.tokens.Gemm;

/**
 * Products are those of the engines, who round activations before they multiply: token by token and
 * in panels. Without the right rounding, products would differ by a few thousandths.
 */
class RoundingIT {
  private static final int TOKENS = 5;

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void productsAreGgmls(GgmlType type) {
    int rows = 16;
    int columns = 1536;
    BlockFormat format = GgmlFormats.scalar(type);
    byte[] blocks = new byte[(int) format.bytes(columns) * rows];
    format.encode(numbers(rows * columns, 1), 0, rows * columns, MemorySegment.ofArray(blocks), 0);
    Matrix matrix =
        Matrices.of(
            new GgufTensor(
                "w", type, List.of((long) rows, (long) columns), MemorySegment.ofArray(blocks)));
    float[] x = numbers(TOKENS * columns, 2);
    // Before Q4_1 and Q5_1 ggml rounds the sums of activations to binary16 too, we do not.
    double error = type == GgmlType.Q4_1 || type == GgmlType.Q5_1 ? 1e-3 : 1e-5;
    assertProducts(matrix, x, GgmlProduct.of(type, blocks, rows, columns, x), error);
  }

  @ParameterizedTest
  @ValueSource(strings = {"int4", "int4,block_size=128", "int4,block_size=16", "int8"})
  void productsAreOnnxRuntimes(String format, @TempDir Path folder) throws IOException {
    Path made;
    try (Checkpoint source = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      made = Quantize.of(source).to("onnx:" + format).into(folder).get(0);
    }
    try (Checkpoint artifact = Checkpoints.open(made)) {
      Matrix matrix = Matrices.of(Family.model(artifact).weight(Role.DOWN, 0).tensor());
      float[] x = numbers(TOKENS * matrix.columns(), 3);
      ByteBuffer bytes = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(x);
      Path file = Files.write(folder.resolve("x"), bytes.array());
      String answer =
          Engines.run(
              Engines.python("onnx"),
              "engines/onnx_driver.py",
              "product",
              made.toString(),
              "/model/layers.0/mlp/down_proj/MatMul",
              file.toString());
      assertProducts(matrix, x, new ObjectMapper().readValue(answer, float[].class), 1e-5);
    }
  }

  /** The difference, root of the mean square, beside the products'. */
  private static void assertProducts(Matrix matrix, float[] x, float[] theirs, double error) {
    int rows = matrix.rows();
    int columns = matrix.columns();
    Panels panels = new Panels(columns, TOKENS);
    Panels products = new Panels(rows, TOKENS);
    float[] single = new float[TOKENS * rows];
    for (int t = 0; t < TOKENS; t++) {
      Input input = new Input(columns);
      System.arraycopy(x, t * columns, input.values(), 0, columns);
      input.ready(matrix, true);
      matrix.multiply(0, rows, input, single, t * rows);
      panels.put(t, x, t * columns);
    }
    for (int p = 0; p < panels.count(); p++) {
      matrix.rounding().roundPanel(panels.panel(p));
    }
    Gemm.add(matrix, 0, rows, panels, products, Gemm.scratch());
    float[] together = new float[TOKENS * rows];
    for (int t = 0; t < TOKENS; t++) {
      products.get(t, together, t * rows);
    }
    assertThat(difference(single, theirs)).isLessThan(error);
    assertThat(difference(together, theirs)).isLessThan(error);
  }

  private static double difference(float[] ours, float[] theirs) {
    assertThat(ours).hasSameSizeAs(theirs);
    double squares = 0;
    double size = 0;
    for (int i = 0; i < ours.length; i++) {
      squares += Math.pow(ours[i] - theirs[i], 2);
      size += Math.pow(theirs[i], 2);
    }
    return Math.sqrt(squares / size);
  }

  /** Some are far larger than others, as activations are. */
  private static float[] numbers(int count, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
    }
    return x;
  }
}
