package phiquant.feedback;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.stored.Matrices;
import phiquant.run.matrix.tokens.Gemm;

/**
 * GFLOP/s on one core of what error feedback computes, beside what the core can do in registers and
 * what the product of a prompt reaches. A multiplication and an addition are two; of symmetric
 * matrices one half counts.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class FeedbackBenchmark {
  private static final int FEATURES = 768;
  private static final int TOKENS = 512;
  private static final int ROUNDS = 1 << 16;
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** As many as the widest vectors have; others do less in a call. */
  private static final int LANES = 16;

  private final float[] x = new float[TOKENS * FEATURES];
  private final float[] weights = new float[FEATURES * FEATURES];
  private final float[] some = new float[LANES];
  private final float[] scratch = Gemm.scratch();
  private final Panels prompt = new Panels(FEATURES, TOKENS);
  private final Panels out = new Panels(FEATURES, TOKENS);
  private final Strips strips = new Strips(TOKENS, FEATURES);
  private Moments moments;
  private double[][] upper;
  private Feedback feedback;
  private Matrix matrix;

  /** Inputs that have something in common. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int t = 0; t < TOKENS; t++) {
      float common = (float) random.nextGaussian();
      for (int i = 0; i < FEATURES; i++) {
        x[t * FEATURES + i] = common + (float) random.nextGaussian();
      }
      prompt.put(t, x, t * FEATURES);
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian() * 0.02f;
    }
    strips.fill(x, FEATURES, ParallelFor.ALONE);
    moments = Moments.of(FEATURES);
    moments.add(strips, ParallelFor.ALONE);
    Hessian hessian = Hessian.of(moments, ParallelFor.ALONE);
    feedback =
        new Feedback(hessian, GgmlFormats.grid(GgmlType.Q4_0).orElseThrow(), Optional.empty());
    upper = new double[Strips.count(FEATURES)][];
    MemorySegment floats = Arena.ofAuto().allocate(4L * weights.length, 64);
    MemorySegment.copy(weights, 0, floats, ValueLayout.JAVA_FLOAT, 0, weights.length);
    List<Long> shape = List.of((long) FEATURES, (long) FEATURES);
    matrix = Matrices.of(new GgufTensor("w", GgmlType.F32, shape, floats));
  }

  /** What the core can do, in 32 bits; where vectors have eight lanes this is twice too high. */
  @Benchmark
  @OperationsPerInvocation(ROUNDS * 12 * 2 * LANES)
  public float peak() {
    FloatVector a = FloatVector.broadcast(SPECIES, some[0]);
    FloatVector b = FloatVector.broadcast(SPECIES, 0.5f);
    FloatVector s0 = a;
    FloatVector s1 = a;
    FloatVector s2 = a;
    FloatVector s3 = a;
    FloatVector s4 = a;
    FloatVector s5 = a;
    FloatVector s6 = a;
    FloatVector s7 = a;
    FloatVector s8 = a;
    FloatVector s9 = a;
    FloatVector s10 = a;
    FloatVector s11 = a;
    for (int i = 0; i < ROUNDS; i++) {
      s0 = s0.fma(b, a);
      s1 = s1.fma(b, a);
      s2 = s2.fma(b, a);
      s3 = s3.fma(b, a);
      s4 = s4.fma(b, a);
      s5 = s5.fma(b, a);
      s6 = s6.fma(b, a);
      s7 = s7.fma(b, a);
      s8 = s8.fma(b, a);
      s9 = s9.fma(b, a);
      s10 = s10.fma(b, a);
      s11 = s11.fma(b, a);
    }
    FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
    return sum.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
  }

  /** The product of 512 tokens with a matrix of floats. */
  @Benchmark
  @OperationsPerInvocation(2 * TOKENS * FEATURES * FEATURES)
  public Panels promptProduct() {
    Gemm.add(matrix, 0, FEATURES, prompt, out, scratch);
    return out;
  }

  /** XᵀX. */
  @Benchmark
  @OperationsPerInvocation(TOKENS * FEATURES * (FEATURES + 1))
  public Moments secondMoments() {
    moments.add(strips, ParallelFor.ALONE);
    return moments;
  }

  /** The factor, in 64 bits, with copying what it is made of. */
  @Benchmark
  @OperationsPerInvocation(FEATURES * FEATURES / 3 * FEATURES)
  public boolean cholesky() {
    for (int s = 0; s < upper.length; s++) {
      double[] strip = new double[(s + 1) * Strips.WIDTH * Strips.WIDTH];
      for (int j = 0; j < Strips.WIDTH; j++) {
        strip[(s * Strips.WIDTH + j) * Strips.WIDTH + j] = 2;
      }
      upper[s] = strip;
    }
    return Cholesky.factor(upper, ParallelFor.ALONE);
  }

  /** Rows on the grids of Q4_0, which are searched for first. */
  @Benchmark
  @OperationsPerInvocation(Strips.WIDTH * FEATURES * FEATURES)
  public float[] rounding() {
    float[] rows = Arrays.copyOf(weights, Strips.WIDTH * FEATURES);
    feedback.round(rows, Strips.WIDTH, 0);
    return rows;
  }
}
