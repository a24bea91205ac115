package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * 8-bit integers with a scale: {@code w ≈ d · q}, where d = max|w| / 127 and q = round(w / d).
 *
 * <p>Block of 32 weights in 34 bytes: d as f16, then 32 signed bytes; 8.5 bits per weight. Source:
 * {@code block_q8_0} and {@code quantize_row_q8_0_ref} of ggml.
 */
final class Q8_0 extends GgmlBlock {
  Q8_0() {
    super(GgmlType.Q8_0);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float d = Math.abs(extreme(x, from, 32)) / 127;
    float inverse = inverse(d);
    putHalf(out, at, d);
    for (int i = 0; i < 32; i++) {
      put(out, at + 2 + i, roundAway(x[from + i] * inverse));
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 32; i++) {
      y[from + i] = (byte) u8(in, at + 2 + i) * d;
    }
  }
}
