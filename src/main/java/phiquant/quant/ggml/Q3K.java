package phiquant.quant.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * 3-bit integers with 6-bit scales: {@code w ≈ d · (s - 32) · (q - 4)}, q from 0 to 7, for sixteen
 * groups of 16 weights. The scale of a group is found by coordinate descent: each weight's level
 * moves where that lowers the error, up to five times over.
 *
 * <p>Block of 256 weights in 110 bytes: 32 bytes with the upper bit of the levels (bit g of byte i
 * belongs to weight 32g + i), 64 bytes of {@link TwoBits} with the others, 12 bytes of scales, d as
 * f16; 3.4375 bits per weight. Scale j lies with its low four bits in the low (j below 8) or high
 * half of byte j mod 8, with its upper two at bit 2 · (j / 4) of byte 8 + j mod 4. Source: {@code
 * quantize_row_q3_K_ref} and {@code make_q3_quants} of ggml.
 */
final class Q3K extends GgmlBlock {
  private static final float EPSILON = 1e-15f;

  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 16;

  private final SymmetricGroups groups;

  Q3K(SymmetricGroups groups) {
    super(GgmlType.Q3_K);
    this.groups = groups;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    float[] scales = new float[16 * BLOCKS];
    byte[] levels = new byte[256];
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      groups.find(x, from + 256 * block, 16 * some, scales);
      for (int i = 0; i < some; i++) {
        long place = at + (long) (block + i) * blockBytes();
        putScales(scales, 16 * i, out, place + 96);
        quantize(x, from + 256 * (block + i), levels, out, place);
        pack(levels, out, place);
      }
    }
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 256, out, at);
  }

  /** The levels of 256 weights by the scales that were written. */
  private static void quantize(float[] x, int from, byte[] l, MemorySegment out, long at) {
    for (int group = 0; group < 16; group++) {
      float d = half(out, at + 108) * (scale(out, at + 96, group) - 32);
      if (d == 0) {
        Arrays.fill(l, 16 * group, 16 * group + 16, (byte) 0);
        search(x, from + 16 * group, l, 16 * group); // Its levels stay, as in ggml.
      } else {
        Levels.signed(x, from + 16 * group, 16, d, 4, l, 16 * group);
      }
    }
  }

  private static void pack(byte[] l, MemorySegment out, long at) {
    byte[] upper = new byte[32];
    for (int i = 0; i < 32; i++) {
      int bits = 0;
      for (int group = 0; group < 8; group++) {
        bits |= (l[32 * group + i] >> 2) << group;
      }
      upper[i] = (byte) bits;
    }
    MemorySegment.copy(upper, 0, out, JAVA_BYTE, at, 32);
    TwoBits.put(out, at + 32, l);
  }

  /** Quantizes sixteen scales, from index {@code first}, to twelve bytes and d after them. */
  static void putScales(float[] scales, int first, MemorySegment out, long at) {
    float max = extreme(scales, first, 16);
    float inverse = max != 0 ? -32f / max : 0;
    int[] packed = new int[12];
    for (int j = 0; j < 16 && max != 0; j++) {
      int rounded = (byte) Rounding.nearest(inverse * scales[first + j]);
      int s = Math.max(-32, Math.min(31, rounded)) + 32;
      packed[j % 8] |= (s & 15) << 4 * (j / 8);
      packed[8 + j % 4] |= (s >> 4) << 2 * (j / 4);
    }
    for (int i = 0; i < 12; i++) {
      put(out, at + i, packed[i]);
    }
    putHalf(out, at + 12, max != 0 ? 1 / inverse : 0);
  }

  static int scale(MemorySegment in, long at, int j) {
    return u8(in, at + j % 8) >> 4 * (j / 8) & 15
        | (u8(in, at + 8 + j % 4) >> 2 * (j / 4) & 3) << 4;
  }

  /** The scale of 16 weights and their levels plus 4; 0 if they are zeros. */
  static float search(float[] x, int from, byte[] l, int at) {
    float max = extreme(x, from, 16);
    if (Math.abs(max) < EPSILON) {
      return 0;
    }
    float inverse = -4 / max;
    float sumLx = 0;
    float sumL2 = 0;
    for (int i = 0; i < 16; i++) {
      int level = Math.max(-4, Math.min(3, Rounding.nearest(inverse * x[from + i])));
      l[at + i] = (byte) level;
      float w = x[from + i] * x[from + i];
      sumLx += w * x[from + i] * level;
      sumL2 += w * level * level;
    }
    for (int round = 0; round < 5; round++) {
      boolean changed = false;
      for (int i = 0; i < 16; i++) {
        float value = x[from + i];
        float w = value * value;
        int old = l[at + i];
        float slx = sumLx - w * value * old;
        if (slx > 0) {
          float sl2 = sumL2 - w * old * old;
          int level = Math.max(-4, Math.min(3, Rounding.nearest(value * sl2 / slx)));
          if (level != old) {
            slx += w * value * level;
            sl2 += w * level * level;
            if (sl2 > 0 && slx * slx * sumL2 > sumLx * sumLx * sl2) {
              l[at + i] = (byte) level;
              sumLx = slx;
              sumL2 = sl2;
              changed = true;
            }
          }
        }
      }
      if (!changed) {
        break;
      }
    }
    for (int i = 0; i < 16; i++) {
      l[at + i] += 4;
    }
    return sumL2 > 0 ? sumLx / sumL2 : 0;
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 108);
    for (int i = 0; i < 256; i++) {
      float scale = d * (scale(in, at + 96, i / 16) - 32);
      int upper = u8(in, at + i % 32) >> i / 32 & 1;
      y[from + i] = scale * (TwoBits.get(in, at + 32, i) + 4 * upper - 4);
    }
  }
}
