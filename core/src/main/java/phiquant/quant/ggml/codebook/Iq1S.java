package phiquant.quant.ggml.codebook;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * One bit and a half: {@code w ≈ d · (2s + 1) · (t ± ⅛)}, eight weights to a point of 2048, s and
 * the shift for each 32.
 *
 * <p>Block of 256 weights in 50 bytes: d as f16, 32 low bytes of the points, then for each 32
 * weights a u16 of four times three upper bits of the points, s in bits 12 to 14, and the top bit
 * set if the shift is down; 1.5625 bits per weight. Source: {@code block_iq1_s} and {@code
 * quantize_row_iq1_s_impl} of ggml.
 */
public final class Iq1S extends TernaryBlock {
  public Iq1S(TernaryGroups groups) {
    super(GgmlType.IQ1_S, 32, groups);
  }

  @Override
  void put(
      TernaryGroups.Found found,
      int block,
      float max,
      float[] x,
      int from,
      float[] weights,
      int weightsAt,
      MemorySegment out,
      long at) {
    float d = max / 15;
    putHalf(out, at, d * 1.125f);
    float inverse = 1 / d;
    for (int g = 0; g < 8; g++) {
      int code = code(inverse, found.scales()[8 * block + g]);
      int shift = found.down()[32 * block + 4 * g] ? 8 : 0;
      putPoints(found, block, g, (code | shift) << 12, out, at);
    }
  }

  @Override
  void putFlat(TernaryGroups.Found found, int block, MemorySegment out, long at) {
    putHalf(out, at, 0);
    for (int g = 0; g < 8; g++) {
      putPoints(found, block, g, 0, out, at);
    }
  }

  private static void putPoints(
      TernaryGroups.Found found, int block, int g, int top, MemorySegment out, long at) {
    int upper = top;
    for (int k = 0; k < 4; k++) {
      int point = found.points()[32 * block + 4 * g + k];
      put(out, at + 2 + 4 * g + k, point);
      upper |= point >> 8 << 3 * k;
    }
    out.set(JAVA_SHORT_UNALIGNED, at + 34 + 2 * g, (short) upper);
  }

  @Override
  public float unpack(MemorySegment in, long at, Parts parts) {
    for (int g = 0; g < 8; g++) {
      int upper = in.get(JAVA_SHORT_UNALIGNED, at + 34 + 2 * g);
      parts.scales[g] = upper >> 12 & 7;
      for (int k = 0; k < 4; k++) {
        parts.points[4 * g + k] = u8(in, at + 2 + 4 * g + k) | (upper >> 3 * k & 7) << 8;
        parts.down[4 * g + k] = upper < 0;
      }
    }
    return half(in, at);
  }

  /** ggml has no rule: all columns are equally important. */
  @Override
  float ownWeight(float meanSquare, float x) {
    return (float) Math.sqrt(2 * meanSquare + x * x);
  }
}
