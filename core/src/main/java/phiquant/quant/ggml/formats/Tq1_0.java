package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * Ternary numbers, five to a byte: {@code w ≈ d · t}, t in {-1, 0, 1}, d = max|w|, t = round(w /
 * d).
 *
 * <p>Block of 256 weights in 54 bytes: 32 bytes for weights 0 to 159 (byte m holds weights m + 32n,
 * n = 0 to 4), 16 bytes for 160 to 239 (m + 16n), 4 bytes for the last 16 (m + 4n, n = 0 to 3),
 * then d as f16; 1.6875 bits per weight. The digits t + 1, the first the most significant, make a
 * number to base 3, stored as ceil(q · 256 / 243), so that multiplying by 3 brings a digit above
 * bit 8. Source: {@code quantize_row_tq1_0_ref} of ggml.
 */
final class Tq1_0 extends GgmlBlock {
  private static final int[] POWERS = {1, 3, 9, 27, 81};

  /** A group of bytes: where it begins, how many, where its weights begin, digits in a byte. */
  private record Section(int at, int bytes, int first, int digits) {}

  private static final Section[] SECTIONS = {
    new Section(0, 32, 0, 5), new Section(32, 16, 160, 5), new Section(48, 4, 240, 4)
  };

  Tq1_0() {
    super(GgmlType.TQ1_0);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float d = Math.abs(extreme(x, from, 256));
    float inverse = inverse(d);
    for (Section section : SECTIONS) {
      for (int m = 0; m < section.bytes(); m++) {
        int q = 0;
        for (int n = 0; n < 5; n++) {
          int i = from + section.first() + m + n * section.bytes();
          q = q * 3 + (n < section.digits() ? roundAway(x[i] * inverse) + 1 : 0) & 255;
        }
        put(out, at + section.at() + m, (q * 256 + 242) / 243);
      }
    }
    putHalf(out, at + 52, d);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 52);
    for (Section section : SECTIONS) {
      for (int n = 0; n < section.digits(); n++) {
        for (int m = 0; m < section.bytes(); m++) {
          int q = u8(in, at + section.at() + m) * POWERS[n] & 255;
          y[from + section.first() + m + n * section.bytes()] = ((q * 3 >> 8) - 1) * d;
        }
      }
    }
  }
}
