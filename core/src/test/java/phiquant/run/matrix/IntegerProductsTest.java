package phiquant.run.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.run.matrix.stored.Matrices;

/**
 * Products with rounded activations are exact: where steps and scales are small integers, they
 * equal the sums in 64-bit integers, however large codes and activations are.
 */
@Tag("width")
class IntegerProductsTest {
  private static final short ONE = 0x3c00;

  @ParameterizedTest
  @CsvSource({"Q4_0,256", "Q4_0,384", "Q4_0,160", "Q4_K,256", "Q4_K,768", "Q6_K,256", "Q6_K,768"})
  void productsEqualSumsOfIntegers(GgmlType type, int columns) {
    int rowBytes = columns / type.blockSize() * type.blockBytes();
    List<byte[]> rows = rows(rowBytes);
    byte[] blocks = new byte[rows.size() * rowBytes];
    for (int r = 0; r < rows.size(); r++) {
      System.arraycopy(rows.get(r), 0, blocks, r * rowBytes, rowBytes);
    }
    for (int at = 0; at < blocks.length; at += type.blockBytes()) {
      smallScales(type, blocks, at);
    }
    MemorySegment data = MemorySegment.ofArray(blocks);
    float[] w = new float[rows.size() * columns];
    GgmlFormats.scalar(type).decode(data, 0, w, 0, w.length);
    List<Long> shape = List.of((long) rows.size(), (long) columns);
    Matrix matrix = Matrices.of(new GgufTensor("w", type, shape, data));
    check(matrix, w, columns, 1);
    check(matrix, w, columns, 0x1p-12f);
    // Steps of Q8_0, which Q4_0 is multiplied with, are halves; those of the others are floats.
    check(matrix, w, columns, type == GgmlType.Q4_0 ? 0x1p15f : 0x1p24f);
  }

  /** The smallest and largest codes in all places, and random ones. */
  static List<byte[]> rows(int bytes) {
    List<byte[]> rows = new ArrayList<>();
    for (int same : new int[] {0x00, 0xff, 0x0f, 0xf0, 0x88}) {
      byte[] row = new byte[bytes];
      Arrays.fill(row, (byte) same);
      rows.add(row);
    }
    SplittableRandom random = new SplittableRandom(bytes);
    for (int i = 0; i < 20; i++) {
      byte[] row = new byte[bytes];
      random.nextBytes(row);
      rows.add(row);
    }
    return rows;
  }

  /** Makes a block's scales one, and those of its groups small. */
  private static void smallScales(GgmlType type, byte[] blocks, int at) {
    SplittableRandom random = new SplittableRandom(at);
    switch (type) {
      case Q4_0 -> half(blocks, at);
      case Q4_K -> {
        half(blocks, at);
        half(blocks, at + 2);
        for (int i = 0; i < 4; i++) {
          blocks[at + 4 + i] = (byte) random.nextInt(4);
          blocks[at + 8 + i] = (byte) random.nextInt(4);
          blocks[at + 12 + i] = (byte) (random.nextInt(4) | random.nextInt(4) << 4);
        }
      }
      case Q6_K -> {
        for (int i = 0; i < 16; i++) {
          blocks[at + 192 + i] = (byte) random.nextInt(-2, 3);
        }
        half(blocks, at + 208);
      }
      default -> throw new IllegalArgumentException();
    }
  }

  private static void half(byte[] blocks, int at) {
    blocks[at] = (byte) ONE;
    blocks[at + 1] = (byte) (ONE >> 8);
  }

  /**
   * Weights are integers; activations with a magnitude of 127 in every group have a step of 1, or
   * of a power of two, which changes nothing else.
   */
  private static void check(Matrix matrix, float[] w, int columns, float step) {
    SplittableRandom random = new SplittableRandom(columns);
    for (int pattern = 0; pattern < 8; pattern++) {
      int[] a = new int[columns];
      for (int k = 0; k < columns; k++) {
        a[k] =
            switch (pattern) {
              case 0 -> 127;
              case 1 -> -127;
              case 2 -> k % 2 == 0 ? 127 : -127;
              case 3 -> k % 4 < 2 ? -127 : 127;
              default -> k % 32 == 0 ? 127 : random.nextInt(-127, 128);
            };
      }
      Input input = new Input(columns);
      for (int k = 0; k < columns; k++) {
        input.values()[k] = a[k] * step;
      }
      input.ready(matrix, true);
      int rows = w.length / columns;
      float[] y = new float[rows];
      matrix.multiply(0, 2, input, y, 0);
      matrix.multiply(2, rows, input, y, 0);
      for (int row = 0; row < rows; row++) {
        long sum = 0;
        for (int k = 0; k < columns; k++) {
          sum += (long) w[row * columns + k] * a[k];
        }
        assertThat((double) y[row]).isEqualTo(sum * (double) step);
      }
    }
  }
}
