package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * Signs with a scale: {@code w ≈ ±d}, where d is the mean magnitude.
 *
 * <p>Block of 128 weights in 18 bytes: d as f16, then a bit for each weight, set unless it is
 * negative; 1.125 bits per weight. Source: {@code quantize_row_q1_0_ref} of ggml.
 */
final class Q1_0 extends GgmlBlock {
  Q1_0() {
    super(GgmlType.Q1_0);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float sum = 0;
    for (int i = from; i < from + 128; i++) {
      sum += Math.abs(x[i]);
    }
    putHalf(out, at, sum / 128);
    for (int b = 0; b < 16; b++) {
      int bits = 0;
      for (int i = 0; i < 8; i++) {
        bits |= x[from + 8 * b + i] >= 0 ? 1 << i : 0;
      }
      put(out, at + 2 + b, bits);
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 128; i++) {
      y[from + i] = (u8(in, at + 2 + i / 8) >> i % 8 & 1) != 0 ? d : -d;
    }
  }
}
