package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.NonLinear;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.ScaleGroups;
import phiquant.quant.ggml.SearchedBlock;

/**
 * 4-bit indexes into sixteen uneven levels with 6-bit scales: {@code w ≈ d · (s - 32) · v[q]}, v of
 * {@link NonLinear}, s one of eight scales.
 *
 * <p>Block of 256 weights in 136 bytes: d as f16; the upper two bits of the scales as a u16 (scale
 * b at bit 2b); the lower four bits in 4 bytes, two to a byte; 8 × 16 bytes of indexes as in Q4_0;
 * 4.25 bits per weight. Source: {@code quantize_iq4_xs} of ggml.
 */
final class Iq4Xs extends SearchedBlock {
  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 16;

  private final ScaleGroups groups;

  Iq4Xs(ScaleGroups groups) {
    super(GgmlType.IQ4_XS, 256, 2);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    float[] scales = new float[8 * BLOCKS];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      groups.find(x, from + 256 * block, weights, 256 * block, 8 * some, scales);
      for (int i = 0; i < some; i++) {
        pack(x, from + 256 * (block + i), scales, 8 * i, out, at + 136L * (block + i));
      }
    }
  }

  /** Quantizes the scales that were found, and the weights by them. */
  private static void pack(
      float[] x, int from, float[] scales, int first, MemorySegment out, long at) {
    float d = -extreme(scales, first, 8) / 32;
    float inverse = inverse(d);
    putHalf(out, at, d);
    int upper = 0;
    for (int b = 0; b < 8; b++) {
      int s = Math.max(-32, Math.min(31, Rounding.nearest(inverse * scales[first + b])));
      float step = inverse(d * s);
      for (int i = 0; i < 16; i++) {
        int low = NonLinear.nearest(step * x[from + 32 * b + i]);
        int high = NonLinear.nearest(step * x[from + 32 * b + 16 + i]);
        put(out, at + 8 + 16 * b + i, low | high << 4);
      }
      int stored = s + 32;
      upper |= (stored >> 4) << 2 * b;
      int other = b % 2 == 0 ? 0 : u8(out, at + 4 + b / 2);
      put(out, at + 4 + b / 2, other | (stored & 15) << 4 * (b % 2));
    }
    out.set(JAVA_SHORT_UNALIGNED, at + 2, (short) upper);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    int upper = in.get(JAVA_SHORT_UNALIGNED, at + 2);
    for (int b = 0; b < 8; b++) {
      int s = u8(in, at + 4 + b / 2) >> 4 * (b % 2) & 15 | (upper >> 2 * b & 3) << 4;
      float scale = d * (s - 32);
      for (int i = 0; i < 16; i++) {
        int q = u8(in, at + 8 + 16 * b + i);
        y[from + 32 * b + i] = scale * NonLinear.VALUES[q & 15];
        y[from + 32 * b + 16 + i] = scale * NonLinear.VALUES[q >> 4];
      }
    }
  }
}
