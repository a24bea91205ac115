package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
import phiquant.engines.GgmlQuantizer;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/** Nanoseconds per weight of every format's encoder on one core, ours beside ggml's own. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class KernelBenchmark {
  private static final int WEIGHTS = 1 << 18;

  @Param({
    "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
    "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0", "MXFP4"
  })
  public GgmlType type;

  private float[] x;
  private BlockFormat format;
  private MemorySegment out;

  @Setup
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    x = new float[WEIGHTS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (random.nextGaussian() * 0.02);
    }
    format = GgmlFormats.of(type);
    out = Arena.ofAuto().allocate(format.bytes(WEIGHTS), 64);
    ours();
    if (type.isQuantized()) {
      MemorySegment theirs = MemorySegment.ofArray(GgmlQuantizer.encode(type, x));
      if (out.mismatch(theirs) >= 0) {
        throw new IllegalStateException(type + ": wrong bytes");
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(WEIGHTS)
  public MemorySegment ours() {
    format.encode(x, 0, WEIGHTS, out, 0);
    return out;
  }

  @Benchmark
  @OperationsPerInvocation(WEIGHTS)
  public Object ggml() {
    return type.isQuantized() ? GgmlQuantizer.encode(type, x) : null;
  }

  /** What the memory allows: reading the floats once. */
  @Benchmark
  @OperationsPerInvocation(WEIGHTS)
  public float read() {
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    for (int i = 0; i < x.length; i += 4) {
      sum0 += x[i];
      sum1 += x[i + 1];
      sum2 += x[i + 2];
      sum3 += x[i + 3];
    }
    return sum0 + sum1 + sum2 + sum3;
  }
}
