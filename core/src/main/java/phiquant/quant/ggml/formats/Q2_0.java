package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * 2-bit integers with a scale: {@code w ≈ d · (q - 1)}, where d = max|w| and q = round(w / d) + 1.
 *
 * <p>Block of 64 weights in 18 bytes: d as f16, then 16 bytes of four weights each, the first
 * lowest; 2.25 bits per weight. Source: {@code quantize_row_q2_0_ref} of ggml.
 */
final class Q2_0 extends GgmlBlock {
  Q2_0() {
    super(GgmlType.Q2_0);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float d = Math.abs(extreme(x, from, 64));
    float inverse = inverse(d);
    putHalf(out, at, d);
    for (int b = 0; b < 16; b++) {
      int packed = 0;
      for (int i = 0; i < 4; i++) {
        packed |= level(x[from + 4 * b + i] * inverse) << 2 * i;
      }
      put(out, at + 2 + b, packed);
    }
  }

  /** Zero times an infinite inverse is no number, which C makes the smallest integer of. */
  private static int level(float scaled) {
    return Float.isNaN(scaled) ? 0 : Math.max(0, Math.min(3, roundAway(scaled) + 1));
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 64; i++) {
      y[from + i] = ((u8(in, at + 2 + i / 4) >> 2 * (i % 4) & 3) - 1) * d;
    }
  }
}
