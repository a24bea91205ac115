package phiquant.quant.ggml.codebook;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * One bit and three quarters: {@code w ≈ d · (2s + 1) · (t ± ⅛)}, eight weights to a point of 2048,
 * s for each 16, a shift for each eight.
 *
 * <p>Block of 256 weights in 56 bytes: 32 low bytes of the points, 16 bytes of two times three
 * upper bits and a bit set if the shift is down, four u16 of four times three bits of s, whose top
 * halves together are d as f16, lowest first; 1.75 bits per weight. Source: {@code block_iq1_m} and
 * {@code quantize_row_iq1_m_impl} of ggml.
 */
public final class Iq1M extends TernaryBlock {
  public Iq1M(TernaryGroups groups) {
    super(GgmlType.IQ1_M, 16, groups);
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
    float inverse = 1 / d;
    int[] scales = new int[4];
    float sumQx = 0;
    float sumQ2 = 0;
    for (int g = 0; g < 16; g++) {
      int code = code(inverse, found.scales()[16 * block + g]);
      scales[g / 4] |= code << 3 * (g % 4);
      putPoints(found, block, g, out, at);
      for (int i = 16 * g; i < 16 * g + 16; i++) {
        int eight = 32 * block + i / 8;
        float[] v = found.down()[eight] ? TernarySearch.DOWN : TernarySearch.UP;
        float q = v[Codebook.IQ1.level(found.points()[eight], i % 8)] * (2 * code + 1);
        float w = weights[weightsAt + i];
        sumQx += w * q * x[from + i];
        sumQ2 += w * q * q;
      }
    }
    if (sumQ2 > 0) {
      d = sumQx / sumQ2;
    }
    putScales(scales, d * 1.1125f, out, at);
  }

  /** ggml leaves shifts and d out. */
  @Override
  void putFlat(TernaryGroups.Found found, int block, MemorySegment out, long at) {
    java.util.Arrays.fill(found.down(), 32 * block, 32 * block + 32, false);
    for (int g = 0; g < 16; g++) {
      putPoints(found, block, g, out, at);
    }
    putScales(new int[4], 0, out, at);
  }

  private static void putPoints(
      TernaryGroups.Found found, int block, int g, MemorySegment out, long at) {
    int upper = 0;
    for (int k = 0; k < 2; k++) {
      int eight = 32 * block + 2 * g + k;
      put(out, at + 2 * g + k, found.points()[eight]);
      upper |= (found.points()[eight] >> 8 | (found.down()[eight] ? 8 : 0)) << 4 * k;
    }
    put(out, at + 32 + g, upper);
  }

  private static void putScales(int[] scales, float d, MemorySegment out, long at) {
    int bits = Float.floatToFloat16(d);
    for (int i = 0; i < 4; i++) {
      int both = scales[i] | (bits >> 4 * i & 15) << 12;
      out.set(JAVA_SHORT_UNALIGNED, at + 48 + 2 * i, (short) both);
    }
  }

  @Override
  public float unpack(MemorySegment in, long at, Parts parts) {
    int bits = 0;
    for (int i = 0; i < 4; i++) {
      int both = in.get(JAVA_SHORT_UNALIGNED, at + 48 + 2 * i);
      bits |= (both >> 12 & 15) << 4 * i;
      for (int g = 0; g < 4; g++) {
        parts.scales[4 * i + g] = both >> 3 * g & 7;
      }
    }
    for (int k = 0; k < 32; k++) {
      int upper = u8(in, at + 32 + k / 2) >> 4 * (k % 2);
      parts.points[k] = u8(in, at + k) | (upper & 7) << 8;
      parts.down[k] = (upper & 8) != 0;
    }
    return Float.float16ToFloat((short) bits);
  }

  @Override
  float ownWeight(float meanSquare, float x) {
    return x * x;
  }
}
