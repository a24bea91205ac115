package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import phiquant.engine.openvino.writer.CompressedCase;
import phiquant.quant.BFloat16;
import phiquant.quant.BlockFormat;
import phiquant.quant.Finite;
import phiquant.quant.FloatType;
import phiquant.quant.Int8Rows;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.affine.GroupFormats;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.F4E2M1;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.Nf4;

/**
 * What {@link FormatSpeed} measures: by its name, an encoder of a run of rows as the pass has it,
 * from floats that were bf16 to the bytes of an artifact. Called by reflection, so that two builds
 * can be measured in one JVM.
 */
public final class FormatCases {
  /** Weights of a run, and of a row. */
  static final int WEIGHTS = 1 << 19;

  private static final int COLUMNS = 4096;
  private static final int ROWS = WEIGHTS / COLUMNS;

  private final float[] x = new float[WEIGHTS];
  private final Map<String, Object[]> cases = new LinkedHashMap<>();

  private FormatCases() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < WEIGHTS; i++) {
      x[i] = FloatType.BFLOAT16.round((float) (random.nextGaussian() * 0.02));
    }
  }

  /** Names, each with a {@code Runnable} and the {@code MemorySegment}s that it fills. */
  public static Map<String, Object[]> all() {
    FormatCases all = new FormatCases();
    all.passes();
    all.mlx();
    all.onnx();
    all.openVino();
    // All that the build which is measured has: an older one may have fewer.
    for (GgmlType type : GgmlType.values()) {
      all.ggml(type);
    }
    return all.cases;
  }

  private void add(String name, Consumer<MemorySegment[]> work, long... bytes) {
    List<MemorySegment> out = new ArrayList<>();
    for (long size : bytes) {
      out.add(Arena.ofAuto().allocate(size, 64));
    }
    MemorySegment[] parts = out.toArray(MemorySegment[]::new);
    cases.put(name, new Object[] {(Runnable) () -> work.accept(parts), parts});
  }

  private void passes() {
    MemorySegment source = Arena.ofAuto().allocate(2L * WEIGHTS, 64);
    FloatType.BFLOAT16.encode(x, 0, WEIGHTS, source);
    float[] read = new float[WEIGHTS];
    add("read bf16", out -> BFloat16.decode(source, 0, read, 0, WEIGHTS));
    add("finite", out -> out[0].set(ValueLayout.JAVA_BOOLEAN, 0, Finite.all(x, WEIGHTS)), 1);
  }

  private void mlx() {
    for (int bits : GroupFormats.BITS) {
      mlx("mlx affine " + bits, GroupFormats.affine(bits, 64, FloatType.BFLOAT16));
    }
    mlx("mlx mxfp4", GroupFormats.of("mxfp4", 4, 32, FloatType.BFLOAT16));
    mlx("mlx nvfp4", GroupFormats.of("nvfp4", 4, 16, FloatType.BFLOAT16));
    mlx("mlx mxfp8", GroupFormats.of("mxfp8", 8, 32, FloatType.BFLOAT16));
  }

  private void mlx(String name, GroupFormat format) {
    int groups = WEIGHTS / format.groupSize();
    add(
        name,
        out -> format.encode(x, 0, groups, out[0], out[1], out[2]),
        (long) groups * format.packedBytes(),
        (long) groups * format.scaleBytes(),
        Math.max(1, (long) groups * format.biasBytes()));
  }

  private void onnx() {
    onnx("onnx int4", Algorithm.DEFAULT, 4, true, FloatType.FLOAT32);
    onnx("onnx int4, f16", Algorithm.DEFAULT, 4, true, FloatType.FLOAT16);
    onnx("onnx uint4", Algorithm.DEFAULT, 4, false, FloatType.FLOAT32);
    onnx("onnx int8", Algorithm.DEFAULT, 8, true, FloatType.FLOAT32);
    onnx("onnx int4 rtn", Algorithm.RTN, 4, true, FloatType.FLOAT32);
    onnx("onnx int4 k_quant", Algorithm.K_QUANT, 4, false, FloatType.FLOAT32);
    add(
        "onnx int8 rows",
        out -> Int8Rows.encode(x, ROWS, COLUMNS, out[0], out[1]),
        WEIGHTS,
        4L * ROWS);
  }

  private void onnx(String name, Algorithm algorithm, int bits, boolean symmetric, FloatType type) {
    NBitsFormat format = new NBitsFormat(algorithm, bits, 32, symmetric, type);
    add(
        name,
        out -> format.encode(x, ROWS, COLUMNS, out[0], out[1], out[2]),
        (long) ROWS * format.codeBytes(COLUMNS),
        (long) ROWS * format.scaleBytes(COLUMNS),
        Math.max(1, (long) ROWS * format.zeroPointBytes(COLUMNS)));
  }

  private void openVino() {
    openVino("openvino i4", IntegerFormat.INT4_SYM, 128);
    openVino("openvino u4", IntegerFormat.INT4_ASYM, 128);
    openVino("openvino i8", IntegerFormat.INT8_SYM, COLUMNS);
    openVino("openvino u8", IntegerFormat.INT8_ASYM, COLUMNS);
    openVino("openvino nf4", new Nf4(), 128);
    openVino("openvino mxfp4", new F4E2M1(), F4E2M1.GROUP);
  }

  private void openVino(String name, CompressionFormat format, int group) {
    var rows = CompressedCase.rows(format, group);
    long groups = WEIGHTS / group;
    long codes = (long) WEIGHTS * format.bits() / 8;
    long scales = groups * format.scaleBits() / 8;
    long[] bytes =
        format.hasZeroPoint()
            ? new long[] {codes, groups * format.bits() / 8, scales}
            : new long[] {codes, scales};
    add(name, out -> rows.encode(x, ROWS, COLUMNS, out), bytes);
  }

  private void ggml(GgmlType type) {
    BlockFormat format = GgmlFormats.of(type);
    add("gguf " + type, out -> format.encode(x, 0, WEIGHTS, out[0], 0), format.bytes(WEIGHTS));
  }
}
