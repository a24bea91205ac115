package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * Ternary numbers in two bits each: {@code w ≈ d · (q - 1)}, q in {0, 1, 2}, d = max|w|.
 *
 * <p>Block of 256 weights in 66 bytes: two groups of 32 bytes, byte m of group j holding weights
 * 128j + m + 32n at bit 2n, then d as f16; 2.0625 bits per weight. Source: {@code
 * quantize_row_tq2_0_ref} of ggml.
 */
final class Tq2_0 extends GgmlBlock {
  Tq2_0() {
    super(GgmlType.TQ2_0);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float d = Math.abs(extreme(x, from, 256));
    float inverse = inverse(d);
    for (int m = 0; m < 64; m++) {
      int first = from + (m & 32) * 4 + (m & 31);
      int q = 0;
      for (int n = 0; n < 4; n++) {
        q += (roundAway(x[first + 32 * n] * inverse) + 1 & 3) << 2 * n;
      }
      put(out, at + m, q);
    }
    putHalf(out, at + 64, d);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 64);
    for (int m = 0; m < 64; m++) {
      int q = u8(in, at + m);
      for (int n = 0; n < 4; n++) {
        y[from + (m & 32) * 4 + (m & 31) + 32 * n] = ((q >> 2 * n & 3) - 1) * d;
      }
    }
  }
}
