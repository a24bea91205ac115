package phiquant.run.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.checkpoint.gguf.GgufTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlFormats;
import phiquant.quant.ggml.GgmlType;

/** Kernels give what the formats' own decoders and the formula {@code Σ w·x} give. */
class MatrixTest {
  private static final int ROWS = 7;

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  @Tag("width")
  void ggmlKernelsEqualTheFormula(GgmlType type) {
    for (int columns : type.blockSize() == 1 ? new int[] {256, 67} : new int[] {256, 1280}) {
      BlockFormat format = GgmlFormats.scalar(type);
      SplittableRandom random = new SplittableRandom(type.ordinal());
      byte[] blocks = new byte[(int) format.bytes(columns) * ROWS];
      // Some weights are far smaller than others: subnormal halves, groups with tiny scales.
      float[] w = new float[ROWS * columns];
      for (int i = 0; i < w.length; i++) {
        w[i] = (float) (random.nextGaussian() * (i / 32 % 5 == 0 ? 1e-6 : 0.3));
      }
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
    input.ready(Rounding.NONE);
    float[] y = new float[rows + 1];
    matrix.multiply(0, 3, input, y, 1);
    matrix.multiply(3, rows, input, y, 1);
    float[] decoded = new float[columns];
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
      for (int k = 0; k < columns; k++) {
        float w = exact[row * columns + k];
        assertThat(decoded[k]).isCloseTo(w, within(2e-7f * Math.max(1, Math.abs(w))));
      }
    }
    assertThat(y[0]).isZero();
  }
}
