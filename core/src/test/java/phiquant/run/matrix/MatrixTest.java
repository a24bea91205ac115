package phiquant.run.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Stacked;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.FloatType;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.affine.GroupFormats;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsColumns;
import phiquant.quant.matmulnbits.NBitsFormat;
import phiquant.run.matrix.stored.Matrices;
import phiquant.run.matrix.tokens.CodeGemm;
import phiquant.run.matrix.tokens.Gemm;

/** Kernels give what the formats' own decoders and the formula {@code Σ w·x} give. */
class MatrixTest {
  private static final int ROWS = 8;

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  @Tag("width")
  void ggmlKernelsEqualTheFormula(GgmlType type) {
    for (int columns : type.blockSize() == 1 ? new int[] {256, 67} : new int[] {256, 1280}) {
      BlockFormat format = GgmlFormats.scalar(type);
      byte[] blocks = new byte[(int) format.bytes(columns) * ROWS];
      float[] w = weights(columns, type.ordinal());
      format.encode(w, 0, w.length, MemorySegment.ofArray(blocks), 0);
      float[] exact = new float[w.length];
      format.decode(MemorySegment.ofArray(blocks), 0, exact, 0, w.length);
      Matrix matrix =
          Matrices.of(
              new GgufTensor(
                  "w", type, List.of((long) ROWS, (long) columns), MemorySegment.ofArray(blocks)));
      check(matrix, exact, columns);
    }
  }

  /** The factor of one type's products must not be that of another's. */
  @ParameterizedTest
  @CsvSource({"F32,F16,BF16,Q4_K", "BF16,F16,F32,Q8_0", "Q6_K,BF16,F32,F16"})
  @Tag("width")
  void rowsOfSeveralTypesEqualTheFormula(GgmlType a, GgmlType b, GgmlType c, GgmlType d) {
    int columns = 1280;
    List<GgmlType> types = List.of(a, b, c, d);
    float[] exact = new float[types.size() * ROWS * columns];
    List<StoredTensor> parts = new ArrayList<>();
    for (GgmlType type : types) {
      BlockFormat format = GgmlFormats.scalar(type);
      float[] w = weights(columns, type.ordinal());
      MemorySegment blocks = MemorySegment.ofArray(new byte[(int) format.bytes(w.length)]);
      format.encode(w, 0, w.length, blocks, 0);
      format.decode(blocks, 0, exact, parts.size() * w.length, w.length);
      parts.add(new GgufTensor("w", type, List.of((long) ROWS, (long) columns), blocks));
    }
    check(Matrices.of(new Stacked("w", parts)), exact, columns);
  }

  /** MLX's, decoded by the format's own decoder. */
  @ParameterizedTest
  @CsvSource({
    "2,32,1280",
    "3,64,1280",
    "4,32,1280",
    "4,32,96",
    "4,64,1280",
    "4,128,1280",
    "5,128,1280",
    "6,64,1280",
    "8,32,1280",
    "8,64,1280"
  })
  @Tag("width")
  void affineKernelsEqualTheFormula(int bits, int group, int columns) {
    for (FloatType type : FloatType.values()) {
      GroupFormat format = GroupFormats.affine(bits, group, type);
      int groups = ROWS * columns / group;
      MemorySegment codes = MemorySegment.ofArray(new byte[groups * format.packedBytes()]);
      MemorySegment scales = MemorySegment.ofArray(new byte[groups * format.scaleBytes()]);
      MemorySegment biases = MemorySegment.ofArray(new byte[groups * format.biasBytes()]);
      float[] w = weights(columns, bits);
      format.encode(w, 0, groups, codes, scales, biases);
      float[] exact = new float[w.length];
      format.decode(codes, scales, biases, groups, exact, 0);
      DType dtype =
          switch (type) {
            case FLOAT32 -> DType.F32;
            case FLOAT16 -> DType.F16;
            case BFLOAT16 -> DType.BF16;
          };
      Layout layout = new Layout.Affine(bits, group, codes, dtype, scales, biases);
      check(Matrices.of(new Decoded(layout, exact, columns)), exact, columns);
    }
  }

  /** MLX's small floats, decoded by the format's own decoder, and laid out alike in OpenVINO. */
  @ParameterizedTest
  @CsvSource({"mxfp4,4,32", "nvfp4,4,16", "mxfp8,8,32"})
  @Tag("width")
  void smallFloatKernelsEqualTheFormula(String mode, int bits, int group) {
    int columns = 1280;
    GroupFormat format = GroupFormats.of(mode, bits, group, FloatType.BFLOAT16);
    int groups = ROWS * columns / group;
    MemorySegment codes = MemorySegment.ofArray(new byte[groups * format.packedBytes()]);
    MemorySegment scales = MemorySegment.ofArray(new byte[groups * format.scaleBytes()]);
    format.encode(weights(columns, bits), 0, groups, codes, scales, null);
    float[] exact = new float[ROWS * columns];
    format.decode(codes, scales, null, groups, exact, 0);
    Layout layout = new Layout.Microscaled(format, codes, scales);
    check(Matrices.of(new Decoded(layout, exact, columns)), exact, columns);
    if (mode.equals("mxfp4")) {
      Layout grouped =
          new Layout.Grouped(
              Layout.Code.F4E2M1, group, codes, DType.F8_E8M0, scales, Optional.empty());
      check(Matrices.of(new Decoded(grouped, exact, columns)), exact, columns);
    }
  }

  /** {@code w = (code - zero point) · scale}, laid out as MatMulNBits and OpenVINO do. */
  @ParameterizedTest
  @CsvSource({
    "2,true,32",
    "2,false,64",
    "4,true,32",
    "4,false,32",
    "4,true,128",
    "8,true,32",
    "8,false,128",
    "4,true,1280"
  })
  @Tag("width")
  void integerKernelsEqualTheFormula(int bits, boolean zeroPoints, int group) {
    int columns = 1280;
    int blocks = columns / group;
    SplittableRandom random = new SplittableRandom(bits);
    byte[] codes = new byte[ROWS * columns * bits / 8];
    random.nextBytes(codes);
    int zeroBytes = Math.ceilDiv(blocks * bits, 8);
    byte[] zeros = new byte[ROWS * zeroBytes];
    random.nextBytes(zeros);
    byte[] denseZeros = new byte[ROWS * blocks * bits / 8 + 1];
    random.nextBytes(denseZeros);
    float[] scales = new float[ROWS * blocks];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = (float) (random.nextGaussian() * 0.01);
    }
    MemorySegment data = MemorySegment.ofArray(codes);
    MemorySegment scaleData = MemorySegment.ofArray(scales);
    int low = -(1 << (bits - 1));
    float[] blocked = new float[ROWS * columns];
    float[] unsigned = new float[ROWS * columns];
    float[] signed = new float[ROWS * columns];
    for (int i = 0; i < blocked.length; i++) {
      int block = i / group;
      int code = code(codes, bits, i);
      int row = i / columns;
      int zero = code(zeros, bits, row * zeroBytes * 8 / bits + block % blocks);
      int denseZero = code(denseZeros, bits, block);
      blocked[i] = (code - (zeroPoints ? zero : -low)) * scales[block];
      unsigned[i] = (code - (zeroPoints ? denseZero : 0)) * scales[block];
      signed[i] = ((code ^ -low) + low) * scales[block];
    }
    Layout nbits =
        new Layout.Blocked(
            bits,
            group,
            data,
            DType.F32,
            scaleData,
            zeroPoints ? Optional.of(MemorySegment.ofArray(zeros)) : Optional.empty());
    check(Matrices.of(new Decoded(nbits, blocked, columns)), blocked, columns);
    if (bits == 2) {
      return; // OpenVINO has no such codes.
    }
    Layout u =
        new Layout.Grouped(
            bits == 4 ? Layout.Code.U4 : Layout.Code.U8,
            group,
            data,
            DType.F32,
            scaleData,
            zeroPoints ? Optional.of(MemorySegment.ofArray(denseZeros)) : Optional.empty());
    check(Matrices.of(new Decoded(u, unsigned, columns)), unsigned, columns);
    Layout i =
        new Layout.Grouped(
            bits == 4 ? Layout.Code.I4 : Layout.Code.I8,
            group,
            data,
            DType.F32,
            scaleData,
            Optional.empty());
    check(Matrices.of(new Decoded(i, signed, columns)), signed, columns);
  }

  /** {@code DequantizeLinear} and {@code MatMul} of ONNX: blocks and plain numbers, [K, N]. */
  @ParameterizedTest
  @CsvSource({"4,true,32", "4,false,16", "4,true,128", "8,true,32", "8,false,128"})
  @Tag("width")
  void turnedKernelsEqualTheFormula(int bits, boolean zeroPoints, int block) {
    int columns = 1280;
    for (int rows : new int[] {160, 100}) {
      SplittableRandom random = new SplittableRandom(bits);
      byte[] codes = new byte[rows * columns * bits / 8];
      byte[] zeros = new byte[rows * columns / block * bits / 8];
      random.nextBytes(codes);
      random.nextBytes(zeros);
      float[] scales = new float[rows * columns / block];
      for (int i = 0; i < scales.length; i++) {
        scales[i] = (float) (random.nextGaussian() * 0.01);
      }
      float[] exact = new float[rows * columns];
      float[] turned = new float[rows * columns];
      int half = 1 << (bits - 1);
      for (int k = 0; k < columns; k++) {
        for (int row = 0; row < rows; row++) {
          int code = code(codes, bits, k * rows + row);
          int grid = k / block * rows + row;
          int level = zeroPoints ? code - code(zeros, bits, grid) : (code ^ half) - half;
          exact[row * columns + k] = level * scales[grid];
          turned[k * rows + row] = exact[row * columns + k];
        }
      }
      NBitsFormat format =
          new NBitsFormat(Algorithm.DEFAULT, bits, block, !zeroPoints, FloatType.FLOAT32);
      Layout blocks =
          new Layout.TurnedBlocks(
              new NBitsColumns(format, rows),
              MemorySegment.ofArray(codes),
              MemorySegment.ofArray(scales),
              zeroPoints ? Optional.of(MemorySegment.ofArray(zeros)) : Optional.empty());
      check(Matrices.of(new Decoded(blocks, exact, columns)), exact, columns);
      MemorySegment data = MemorySegment.ofArray(turned);
      Layout plain = new Layout.Turned(new Layout.Plain(DType.F32, data));
      check(Matrices.of(new Decoded(plain, exact, columns)), exact, columns);
    }
  }

  private static int code(byte[] packed, int bits, int index) {
    int perByte = 8 / bits;
    return packed[index / perByte] >> bits * (index % perByte) & (1 << bits) - 1;
  }

  /** A tensor in some layout, whose weights are known. */
  private record Decoded(Layout stored, float[] exact, int width) implements StoredTensor {
    @Override
    public String name() {
      return "w";
    }

    @Override
    public List<Long> shape() {
      return List.of((long) exact.length / width, (long) width);
    }

    @Override
    public String format() {
      return stored.getClass().getSimpleName();
    }

    @Override
    public long storedBytes() {
      return 0;
    }

    @Override
    public Optional<Layout> layout() {
      return Optional.of(stored);
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      System.arraycopy(exact, (int) first * width, out, at, count * width);
    }
  }

  /** Some weights are far smaller than others: subnormal halves, groups with tiny scales. */
  private static float[] weights(int columns, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] w = new float[ROWS * columns];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) (random.nextGaussian() * (i / 32 % 5 == 0 ? 1e-6 : 0.3));
    }
    return w;
  }

  /** Compares products and decoded rows. */
  static void check(Matrix matrix, float[] exact, int columns) {
    int rows = exact.length / columns;
    assertThat(matrix.rows()).isEqualTo(rows);
    assertThat(matrix.columns()).isEqualTo(columns);
    Input input = new Input(columns);
    SplittableRandom random = new SplittableRandom(columns);
    for (int k = 0; k < columns; k++) {
      input.values()[k] = (float) random.nextGaussian();
    }
    input.ready(matrix, false);
    float[] y = new float[rows + 1];
    matrix.multiply(0, 3, input, y, 1);
    matrix.multiply(3, rows, input, y, 1);
    float[] decoded = new float[columns];
    int width = Math.min(Matrix.COLUMNS, columns);
    float[] pair = new float[1 + 2 * width];
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      double magnitude = 0;
      for (int k = 0; k < columns; k++) {
        double product = (double) exact[row * columns + k] * input.values()[k];
        sum += product;
        magnitude += Math.abs(product);
      }
      assertThat((double) y[1 + row]).isCloseTo(sum, within(1e-6 * magnitude));
      for (int column = 0; column < columns; column += Matrix.COLUMNS) {
        int count = Math.min(Matrix.COLUMNS, columns - column);
        matrix.read(row, column, count, decoded, column);
      }
      int next = Math.min(2, rows - row);
      matrix.read(row, next, 0, width, pair, 1, width);
      for (int i = 0; i < next * width; i++) {
        float w = exact[(row + i / width) * columns + i % width];
        assertThat(pair[1 + i]).isCloseTo(w, within(2e-7f * Math.max(1, Math.abs(w))));
      }
      for (int k = 0; k < columns; k++) {
        float w = exact[row * columns + k];
        assertThat(decoded[k]).isCloseTo(w, within(2e-7f * Math.max(1, Math.abs(w))));
      }
    }
    assertThat(y[0]).isZero();
    checkTogether(matrix, columns);
    checkMany(matrix, exact, columns);
  }

  /**
   * Tokens that are multiplied together get what each gets alone, to the last bit. The JVM adds the
   * lanes of a vector in another order before it has compiled a kernel (which the Vector API leaves
   * open), so it may take some rounds until both are compiled.
   */
  private static void checkTogether(Matrix matrix, int columns) {
    for (boolean rounded : new boolean[] {false, true}) {
      SplittableRandom random = new SplittableRandom(columns);
      Input[] inputs = new Input[8];
      for (int t = 0; t < inputs.length; t++) {
        inputs[t] = new Input(columns);
        for (int k = 0; k < columns; k++) {
          inputs[t].values()[k] = (float) random.nextGaussian() * (t + 1);
        }
        inputs[t].ready(matrix, rounded);
      }
      long end = System.nanoTime() + 60_000_000_000L;
      boolean same = areSame(matrix, inputs);
      while (!same && System.nanoTime() < end) {
        same = areSame(matrix, inputs);
      }
      assertThat(same).as("rounded: %s", rounded).isTrue();
    }
  }

  private static boolean areSame(Matrix matrix, Input[] inputs) {
    int rows = matrix.rows();
    float[][] alone = new float[inputs.length][2 + rows];
    for (int t = 0; t < inputs.length; t++) {
      matrix.multiply(0, rows, inputs[t], alone[t], 1);
    }
    for (int tokens = 1; tokens <= inputs.length; tokens++) {
      float[][] y = new float[tokens][2 + rows];
      matrix.multiplyEach(0, 3, inputs, tokens, y, 1);
      matrix.multiplyEach(3, rows, inputs, tokens, y, 1);
      if (!Arrays.deepEquals(y, Arrays.copyOf(alone, tokens))) {
        return false;
      }
    }
    return true;
  }

  /** Compares products with many tokens, in floats and, where they are made, in integers. */
  private static void checkMany(Matrix matrix, float[] exact, int columns) {
    int tokens = 2 * Panels.WIDTH + 3;
    SplittableRandom random = new SplittableRandom(columns);
    float[] token = new float[columns];
    Panels x = new Panels(columns, tokens);
    for (int t = 0; t < tokens; t++) {
      for (int k = 0; k < columns; k++) {
        // Whole blocks of zeros, and blocks of other magnitudes.
        token[k] = (float) (random.nextGaussian() * (k / 32 % 3) * (t + 1));
      }
      x.put(t, token, 0);
    }
    Panels y = new Panels(matrix.rows(), tokens);
    Gemm.add(matrix, 0, matrix.rows(), x, y, Gemm.scratch());
    checkProducts(exact, columns, x, y);
    if (CodeGemm.takes(matrix, x)) {
      TokenCodes codes = x.codes();
      for (int p = 0; p < x.count(); p++) {
        matrix.rounding().roundPanel(x.panel(p), p, codes);
      }
      y = new Panels(matrix.rows(), tokens);
      new CodeGemm().add(matrix, 0, matrix.rows(), codes, y);
      checkProducts(exact, columns, x, y);
    }
  }

  private static void checkProducts(float[] exact, int columns, Panels x, Panels y) {
    float[] token = new float[columns];
    float[] product = new float[y.features()];
    for (int t = 0; t < x.tokens(); t++) {
      x.get(t, token, 0);
      y.get(t, product, 0);
      for (int row = 0; row < product.length; row++) {
        double sum = 0;
        double magnitude = 0;
        for (int k = 0; k < columns; k++) {
          double term = (double) exact[row * columns + k] * token[k];
          sum += term;
          magnitude += Math.abs(term);
        }
        assertThat((double) product[row]).isCloseTo(sum, within(1e-6 * magnitude));
      }
    }
  }

  /** The formats that many tokens are multiplied with in integers. */
  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K"})
  void smallCodesAreMultipliedInIntegers(GgmlType type) {
    int columns = 256;
    MemorySegment blocks =
        MemorySegment.ofArray(new byte[(int) GgmlFormats.scalar(type).bytes(columns) * ROWS]);
    Matrix matrix =
        Matrices.of(new GgufTensor("w", type, List.of((long) ROWS, (long) columns), blocks));
    assertThat(CodeGemm.takes(matrix, new Panels(columns, 2 * Panels.WIDTH))).isTrue();
  }
}
