package phiquant.quant.matmulnbits;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
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
import phiquant.quant.FloatType;

/** Nanoseconds that a weight costs to encode and to decode, on one core. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(NBitsBenchmark.ROWS * NBitsBenchmark.COLUMNS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class NBitsBenchmark {
  static final int ROWS = 32;
  static final int COLUMNS = 3072;

  @Param({"DEFAULT", "RTN", "K_QUANT"})
  Algorithm algorithm;

  @Param({"2", "4", "8"})
  int bits;

  @Param({"32", "128"})
  int block;

  @Param({"true", "false"})
  boolean symmetric;

  @Param({"FLOAT32", "FLOAT16"})
  FloatType type;

  private final float[] weights = new float[ROWS * COLUMNS];
  private final float[] decoded = new float[ROWS * COLUMNS];
  private NBitsFormat format;
  private MemorySegment codes;
  private MemorySegment scales;
  private MemorySegment zeroPoints;

  /** Weights as a model has them. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = type.round((float) random.nextGaussian() * 0.02f);
    }
    format = new NBitsFormat(algorithm, bits, block, symmetric, type);
    codes = Arena.ofAuto().allocate((long) ROWS * format.codeBytes(COLUMNS));
    scales = Arena.ofAuto().allocate((long) ROWS * format.scaleBytes(COLUMNS));
    zeroPoints = Arena.ofAuto().allocate((long) ROWS * format.zeroPointBytes(COLUMNS));
    encode();
  }

  /** Floats to codes. */
  @Benchmark
  public void encode() {
    format.encode(weights, ROWS, COLUMNS, codes, scales, zeroPoints);
  }

  /** Codes to floats. */
  @Benchmark
  public float[] decode() {
    format.decode(codes, scales, zeroPoints, ROWS, COLUMNS, decoded);
    return decoded;
  }
}
