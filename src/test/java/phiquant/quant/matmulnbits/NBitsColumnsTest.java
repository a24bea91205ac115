package phiquant.quant.matmulnbits;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.quant.FloatType;

/** A turned matrix has the codes, scales and zero points of the rows that it was turned from. */
class NBitsColumnsTest {
  private static final int K = 128;

  @ParameterizedTest
  @CsvSource({"4, true, 70", "4, false, 70", "4, false, 71", "8, true, 70", "8, false, 71"})
  void turnedCodesAreThoseOfTheRows(int bits, boolean symmetric, int n) {
    NBitsFormat format = new NBitsFormat(Algorithm.DEFAULT, bits, 32, symmetric, FloatType.FLOAT32);
    float[] x = Weights.of(FloatType.FLOAT32, n * K);
    float[] turned = new float[n * K];
    for (int row = 0; row < n; row++) {
      for (int k = 0; k < K; k++) {
        turned[k * n + row] = x[row * K + k];
      }
    }
    NBitsColumns columns = new NBitsColumns(format, n);
    byte[] codes = new byte[Math.ceilDiv(n * K * bits, 8)];
    byte[] scales = new byte[n * K / 32 * 4];
    byte[] zeros = new byte[symmetric ? 0 : Math.ceilDiv(n * K / 32 * bits, 8)];
    columns.encode(
        turned,
        K,
        MemorySegment.ofArray(codes),
        MemorySegment.ofArray(scales),
        MemorySegment.ofArray(zeros));
    Encoded rows = Encoded.of(format, x, n, K);
    assertThat(K % columns.rowMultiple()).isZero();
    for (int row = 0; row < n; row++) {
      for (int k = 0; k < K; k++) {
        int code = number(codes, k * n + row, bits) + (symmetric ? 1 << bits - 1 : 0);
        assertThat(code & (1 << bits) - 1).isEqualTo(number(rows.codes(), row * K + k, bits));
      }
      for (int b = 0; b < K / 32; b++) {
        assertThat(FloatType.FLOAT32.get(MemorySegment.ofArray(scales), b * n + row))
            .isEqualTo(FloatType.FLOAT32.get(MemorySegment.ofArray(rows.scales()), row * 4 + b));
        if (!symmetric) {
          assertThat(number(zeros, b * n + row, bits))
              .isEqualTo(number(rows.zeroPoints(), row * 4 + b, bits));
        }
      }
    }
  }

  /** Number {@code index} of codes that lie close together. */
  private static int number(byte[] packed, int index, int bits) {
    return packed[index * bits / 8] >> index * bits % 8 & (1 << bits) - 1;
  }
}
