package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * Microscaling FP4 (OCP Microscaling Formats v1.0): {@code w ≈ 2^(e - 127) · v}, where v is a 4-bit
 * float (E2M1: ±0, 0.5, 1, 1.5, 2, 3, 4, 6) and e = floor(log2 max|w|) - 2 + 127.
 *
 * <p>Block of 32 weights in 17 bytes: e, then 16 bytes as in Q4_0; 4.25 bits per weight. ggml keeps
 * the values doubled and the scale halved. Source: {@code quantize_row_mxfp4_ref} of ggml.
 */
final class Mxfp4 extends GgmlBlock {
  static final int[] VALUES = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  Mxfp4() {
    super(GgmlType.MXFP4);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float max = Math.abs(extreme(x, from, 32));
    int exponent = max > 0 ? floorLog2(max) - 2 + 127 & 255 : 0;
    float scale = halfScale(exponent);
    put(out, at, exponent);
    for (int i = 0; i < 16; i++) {
      put(out, at + 1 + i, nearest(x[from + i], scale) | nearest(x[from + 16 + i], scale) << 4);
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float scale = halfScale(u8(in, at));
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 1 + i);
      y[from + i] = VALUES[q & 15] * scale;
      y[from + 16 + i] = VALUES[q >> 4] * scale;
    }
  }

  /** floor(log2f(x)): log2f rounds up to the next integer just below a power of two. */
  private static int floorLog2(float x) {
    float log = (float) (Math.log(x) / Math.log(2));
    int exponent = x < Float.MIN_NORMAL ? Math.getExponent(x * 0x1p24f) - 24 : Math.getExponent(x);
    // The double-precision logarithm may miss an integer that it should hit.
    return x == Math.scalb(1f, exponent) ? exponent : Math.max(exponent, (int) Math.floor(log));
  }

  /** 2^(e - 128), exact down to the denormal numbers. */
  private static float halfScale(int exponent) {
    return Float.intBitsToFloat(exponent < 2 ? 0x00200000 << exponent : exponent - 1 << 23);
  }

  /**
   * The first of the nearest values. Those of the other sign are never nearer than zero, so only
   * the seven of the weight's own sign are tried.
   */
  static int nearest(float x, float scale) {
    int best = 0;
    float error = Math.abs(VALUES[0] * scale - x);
    int first = x < 0 ? 9 : 1;
    for (int i = first; i < first + 7; i++) {
      float candidate = Math.abs(VALUES[i] * scale - x);
      if (candidate < error) {
        best = i;
        error = candidate;
      }
    }
    return best;
  }
}
