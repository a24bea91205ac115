package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * NVIDIA's FP4: {@code w ≈ s · v}, where v is a 4-bit float (E2M1, as in {@link Mxfp4}) and s an
 * unsigned 8-bit float (E4M3), max|w| / 6 of 16 weights.
 *
 * <p>Block of 64 weights in 36 bytes: four s, then 8 bytes for each 16 weights, weight i in the low
 * half of byte i, weight i + 8 in its high half; 4.5 bits per weight. ggml keeps the values doubled
 * and the scale halved. Source: {@code quantize_row_nvfp4_ref} of ggml and {@code
 * ggml_fp32_to_ue4m3}, which rounds halfway cases up.
 */
final class Nvfp4 extends GgmlBlock {
  private static final int LARGEST = 0x7e;

  Nvfp4() {
    super(GgmlType.NVFP4);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    for (int s = 0; s < 4; s++) {
      int first = from + 16 * s;
      int code = code(Math.abs(extreme(x, first, 16)) / 6f);
      put(out, at + s, code);
      float scale = halfScale(code);
      for (int i = 0; i < 8; i++) {
        int low = Mxfp4.nearest(x[first + i], scale);
        int high = Mxfp4.nearest(x[first + 8 + i], scale);
        put(out, at + 4 + 8 * s + i, low | high << 4);
      }
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    for (int s = 0; s < 4; s++) {
      float scale = halfScale(u8(in, at + s));
      for (int i = 0; i < 8; i++) {
        int q = u8(in, at + 4 + 8 * s + i);
        y[from + 16 * s + i] = Mxfp4.VALUES[q & 15] * scale;
        y[from + 16 * s + 8 + i] = Mxfp4.VALUES[q >> 4] * scale;
      }
    }
  }

  /** An unsigned E4M3 of a number that is not negative. */
  private static int code(float x) {
    if (!(x > 0)) {
      return 0;
    }
    int bits = Float.floatToRawIntBits(Math.min(x, 448f));
    int exponent = (bits >> 23) - 127 + 7;
    if (exponent <= 0) {
      return Math.min(7, (int) (x * 512f + 0.5f));
    }
    // Three bits of the mantissa, rounded by the fourth: it carries into the exponent.
    int rounded = (exponent << 3 | bits >> 20 & 7) + (bits >> 19 & 1);
    return exponent >= 15 || rounded >> 3 >= 15 ? LARGEST : rounded;
  }

  /** Half of what a code stands for: its values are doubled. */
  private static float halfScale(int code) {
    if (code == 0 || code == 0x7f) {
      return 0;
    }
    int exponent = code >> 3 & 15;
    float mantissa = exponent == 0 ? (code & 7) * 0x1p-3f : 1 + (code & 7) * 0x1p-3f;
    return Math.scalb(mantissa, Math.max(1, exponent) - 7) * 0.5f;
  }
}
