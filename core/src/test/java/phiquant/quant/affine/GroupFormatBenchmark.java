package phiquant.quant.affine;

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
@OperationsPerInvocation(GroupFormatBenchmark.WEIGHTS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class GroupFormatBenchmark {
  static final int WEIGHTS = 1 << 16;

  @Param({"affine-2", "affine-3", "affine-4", "affine-8", "mxfp4-4", "nvfp4-4", "mxfp8-8"})
  String format;

  @Param({"BFLOAT16", "FLOAT16"})
  FloatType type;

  private final float[] weights = new float[WEIGHTS];
  private final float[] decoded = new float[WEIGHTS];
  private GroupFormat codec;
  private MemorySegment packed;
  private MemorySegment scales;
  private MemorySegment biases;

  /** Weights as a model has them. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < WEIGHTS; i++) {
      weights[i] = type.round((float) random.nextGaussian() * 0.02f);
    }
    String[] parts = format.split("-");
    int group = parts[0].equals("affine") ? 64 : parts[0].equals("nvfp4") ? 16 : 32;
    codec = GroupFormats.of(parts[0], Integer.parseInt(parts[1]), group, type);
    long groups = WEIGHTS / group;
    packed = Arena.ofAuto().allocate(groups * codec.packedBytes());
    scales = Arena.ofAuto().allocate(groups * codec.scaleBytes());
    biases = Arena.ofAuto().allocate(groups * codec.biasBytes());
    encode();
  }

  /** Floats to codes. */
  @Benchmark
  public void encode() {
    codec.encode(weights, 0, WEIGHTS / codec.groupSize(), packed, scales, biases);
  }

  /** Codes to floats. */
  @Benchmark
  public float[] decode() {
    codec.decode(packed, scales, biases, WEIGHTS / codec.groupSize(), decoded, 0);
    return decoded;
  }
}
