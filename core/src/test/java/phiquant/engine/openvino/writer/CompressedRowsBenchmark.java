package phiquant.engine.openvino.writer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
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
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.F4E2M1;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.Nf4;

/** Nanoseconds that a weight costs from floats to a constant's bytes, on one core. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(CompressedRowsBenchmark.ROWS * CompressedRowsBenchmark.COLUMNS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class CompressedRowsBenchmark {
  static final int ROWS = 16;
  static final int COLUMNS = 4096;

  @Param({"int4 sym", "int4 asym", "int8 asym", "nf4", "mxfp4"})
  String format;

  private final float[] weights = new float[ROWS * COLUMNS];
  private CompressedRows encoder;
  private MemorySegment[] parts;

  /** Weights as a model has them. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian() * 0.02f;
    }
    CompressionFormat codec =
        switch (format) {
          case "int4 sym" -> IntegerFormat.INT4_SYM;
          case "int4 asym" -> IntegerFormat.INT4_ASYM;
          case "int8 asym" -> IntegerFormat.INT8_ASYM;
          case "nf4" -> new Nf4();
          default -> new F4E2M1();
        };
    int group = codec.bits() == 8 ? COLUMNS : codec.scaleBits() == 8 ? F4E2M1.GROUP : 128;
    encoder = CompressedRows.of(codec, group, Optional.empty());
    long groups = weights.length / group;
    MemorySegment codes = Arena.ofAuto().allocate((long) weights.length * codec.bits() / 8);
    MemorySegment zeros = Arena.ofAuto().allocate(groups * codec.bits() / 8);
    MemorySegment scales = Arena.ofAuto().allocate(groups * codec.scaleBits() / 8);
    parts =
        codec.hasZeroPoint()
            ? new MemorySegment[] {codes, zeros, scales}
            : new MemorySegment[] {codes, scales};
  }

  /** Floats to codes, zero points and scales. */
  @Benchmark
  public MemorySegment[] encode() {
    encoder.encode(weights, ROWS, COLUMNS, parts);
    return parts;
  }
}
