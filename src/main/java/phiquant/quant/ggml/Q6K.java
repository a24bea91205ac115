package phiquant.quant.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * 6-bit integers with 8-bit scales: {@code w ≈ d · s · (q - 32)}, q from 0 to 63, for sixteen
 * groups of 16 weights. For the scale of a group, candidates map the largest weight to the values
 * around the lowest level; the best by least squares wins, weights counting by their squares.
 *
 * <p>Block of 256 weights in 210 bytes: 128 bytes of low halves (byte 64h + i holds weights 128h +
 * i and 128h + 64 + i, for i below 64), 64 bytes with the upper two bits (laid out as {@link
 * TwoBits}), 16 signed scales, d as f16; 6.5625 bits per weight. Source: {@code
 * quantize_row_q6_K_ref} and {@code make_qx_quants} of ggml.
 */
final class Q6K extends GgmlBlock {
  static final float EPSILON = 1e-15f;

  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 16;

  private final SymmetricGroups groups;

  Q6K(SymmetricGroups groups) {
    super(GgmlType.Q6_K);
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
        quantize(x, from + 256 * (block + i), scales, 16 * i, levels, out, place);
      }
    }
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 256, out, at);
  }

  /** Quantizes the scales that were found, from index {@code first}, and the weights by them. */
  private static void quantize(
      float[] x, int from, float[] scales, int first, byte[] l, MemorySegment out, long at) {
    float max = extreme(scales, first, 16);
    if (Math.abs(max) < EPSILON) {
      out.asSlice(at, 210).fill((byte) 0);
      return;
    }
    float inverse = -128f / max;
    putHalf(out, at + 208, 1 / inverse);
    for (int group = 0; group < 16; group++) {
      int s = Math.min(127, Rounding.nearest(inverse * scales[first + group]));
      put(out, at + 192 + group, s);
      float d = half(out, at + 208) * (byte) s;
      if (d == 0) {
        search(x, from + 16 * group, l, 16 * group); // Its levels stay, as in ggml.
      } else {
        Levels.signed(x, from + 16 * group, 16, d, 32, l, 16 * group);
      }
    }
    pack(l, out, at);
  }

  private static void pack(byte[] l, MemorySegment out, long at) {
    byte[] codes = new byte[192];
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 64; i++) {
        int low = l[128 * half + i] & 15;
        codes[64 * half + i] = (byte) (low | (l[128 * half + 64 + i] & 15) << 4);
      }
      for (int i = 0; i < 32; i++) {
        int j = 128 * half + i;
        int upper = l[j] >> 4 | l[j + 32] >> 4 << 2 | l[j + 64] >> 4 << 4 | l[j + 96] >> 4 << 6;
        codes[128 + 32 * half + i] = (byte) upper;
      }
    }
    MemorySegment.copy(codes, 0, out, JAVA_BYTE, at, 192);
  }

  /** The scale of 16 weights and their levels plus 32; 0 if they are zeros. */
  static float search(float[] x, int from, byte[] l, int at) {
    float max = extreme(x, from, 16);
    if (Math.abs(max) < EPSILON) {
      java.util.Arrays.fill(l, at, at + 16, (byte) 0);
      return 0;
    }
    float scale = 0;
    float best = 0;
    for (int attempt = -10; attempt <= 9; attempt++) {
      // The plain grid comes first; then those around it.
      boolean plain = attempt == -10;
      if (attempt == 0) {
        continue;
      }
      float inverse = plain ? -32 / max : -(32 + 0.1f * attempt) / max;
      float sumLx = 0;
      float sumL2 = 0;
      for (int i = from; i < from + 16; i++) {
        int level = Math.max(-32, Math.min(31, Rounding.nearest(inverse * x[i])));
        float w = x[i] * x[i];
        sumLx += w * x[i] * level;
        sumL2 += w * level * level;
      }
      boolean better = plain || (sumL2 > 0 && sumLx * sumLx > best * sumL2);
      if (better) {
        scale = sumL2 != 0 ? sumLx / sumL2 : 0;
        best = scale * sumLx;
        for (int i = 0; i < 16; i++) {
          int level = Rounding.nearest(inverse * x[from + i]);
          l[at + i] = (byte) (Math.max(-32, Math.min(31, level)) + 32);
        }
      }
    }
    return scale;
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at + 208);
    for (int i = 0; i < 256; i++) {
      int low = u8(in, at + 64 * (i / 128) + i % 64) >> 4 * (i % 128 / 64) & 15;
      int q = low | TwoBits.get(in, at + 128, i) << 4;
      y[from + i] = d * in.get(JAVA_BYTE, at + 192 + i / 16) * (q - 32);
    }
  }
}
