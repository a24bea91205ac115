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

  /** Any part of the matrix, from the middle of a block and of a byte too. */
  @ParameterizedTest
  @CsvSource({"4, true, 71", "4, false, 71", "4, false, 70", "8, true, 70", "8, false, 71"})
  void partsComeBackAsRowsDo(int bits, boolean symmetric, int n) {
    NBitsFormat format = new NBitsFormat(Algorithm.DEFAULT, bits, 32, symmetric, FloatType.FLOAT16);
    float[] x = Weights.of(FloatType.FLOAT16, n * K);
    float[] turned = new float[n * K];
    for (int i = 0; i < n * K; i++) {
      turned[i % K * n + i / K] = x[i];
    }
    NBitsColumns columns = new NBitsColumns(format, n);
    MemorySegment codes = MemorySegment.ofArray(new byte[Math.ceilDiv(n * K * bits, 8)]);
    MemorySegment scales = MemorySegment.ofArray(new byte[n * K / 32 * 2]);
    MemorySegment zeros = MemorySegment.ofArray(new byte[Math.ceilDiv(n * K / 32 * bits, 8)]);
    columns.encode(turned, K, codes, scales, zeros);
    Encoded rows = Encoded.of(format, x, n, K);
    float[] expected = new float[n * K];
    format.decode(
        MemorySegment.ofArray(rows.codes()),
        MemorySegment.ofArray(rows.scales()),
        symmetric ? null : MemorySegment.ofArray(rows.zeroPoints()),
        n,
        K,
        expected);
    for (int[] part : new int[][] {{0, n, 0, K}, {3, 10, 17, 60}, {n - 1, 1, K - 1, 1}}) {
      float[] out = new float[1 + part[1] * part[3]];
      columns.decode(
          codes, scales, symmetric ? null : zeros, part[0], part[1], part[2], part[3], out, 1);
      for (int i = 1; i < out.length; i++) {
        int row = part[0] + (i - 1) / part[3];
        int column = part[2] + (i - 1) % part[3];
        assertThat(out[i]).isEqualTo(expected[row * K + column]);
      }
    }
  }

  /** Number {@code index} of codes that lie close together. */
  private static int number(byte[] packed, int index, int bits) {
    return packed[index * bits / 8] >> index * bits % 8 & (1 << bits) - 1;
  }
}
