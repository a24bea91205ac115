package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.stored.Matrices;
import phiquant.run.matrix.tokens.Gemm;

/**
 * Nanoseconds per weight on one core, by format: one token's product, decoding a tile of floats,
 * and the product with 64 tokens (per weight and token).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class MatrixBenchmark {
  private static final int ROWS = 256;
  private static final int COLUMNS = 3072;
  private static final int TOKENS = 64;

  @Param({"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q5_K", "Q6_K"})
  public GgmlType type;

  /**
   * Whether the token is rounded as llama.cpp does, which the kernels of small codes make use of.
   */
  @Param({"true", "false"})
  public boolean rounded;

  private Matrix matrix;
  private Input input;
  private Panels panels;
  private Panels out;
  private final float[] y = new float[ROWS];
  private final float[] tile = Gemm.scratch();

  @Setup
  public void setUp() {
    BlockFormat format = GgmlFormats.of(type);
    SplittableRandom random = new SplittableRandom(1);
    float[] w = new float[ROWS * COLUMNS];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) random.nextGaussian();
    }
    MemorySegment blocks = Arena.ofAuto().allocate(format.bytes(w.length), 64);
    format.encode(w, 0, w.length, blocks, 0);
    List<Long> shape = List.of((long) ROWS, (long) COLUMNS);
    matrix = Matrices.of(new GgufTensor("w", type, shape, blocks));
    input = new Input(COLUMNS);
    System.arraycopy(w, 0, input.values(), 0, COLUMNS);
    input.ready(matrix, rounded);
    panels = new Panels(COLUMNS, TOKENS);
    for (int t = 0; t < TOKENS; t++) {
      panels.put(t, w, t * COLUMNS);
    }
    out = new Panels(ROWS, TOKENS);
  }

  @Benchmark
  @OperationsPerInvocation(ROWS * COLUMNS)
  public float[] multiply() {
    matrix.multiply(0, ROWS, input, y, 0);
    return y;
  }

  @Benchmark
  @OperationsPerInvocation(ROWS * COLUMNS)
  public float[] decode() {
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column += 1024) {
        matrix.read(row, column, 1024, tile, 0);
      }
    }
    return tile;
  }

  @Benchmark
  @OperationsPerInvocation(ROWS * COLUMNS * TOKENS)
  public Panels multiplyMany() {
    Gemm.add(matrix, 0, ROWS, panels, out, tile);
    return out;
  }
}
