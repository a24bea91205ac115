package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.SearchedBlock;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.SymmetricSearch;

/**
 * 5-bit integers with a signed scale: {@code w ≈ d · (q - 16)}, where d = m / -16 and m is the
 * weight of largest magnitude.
 *
 * <p>Block of 32 weights in 22 bytes: d as f16, the fifth bits of all weights as a u32 (bit i of
 * weight i), then the low four bits as in Q4_0; 5.5 bits per weight. Source: {@code
 * quantize_row_q5_0_ref} of ggml.
 */
final class Q5_0 extends SearchedBlock {
  private static final SymmetricSearch WEIGHTED = new SymmetricSearch(32, 16);

  private final SymmetricGroups groups;

  Q5_0(SymmetricGroups groups) {
    super(GgmlType.Q5_0, ROW, 1);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    if (weights == null) {
      for (int b = 0; b < count / 32; b++) {
        plain(x, from + 32 * b, out, at + 22L * b);
      }
      return;
    }
    float[] scales = new float[count / 32];
    float[] inverses = new float[count / 32];
    groups.find(WEIGHTED, x, from, weights, 0, count / 32, scales, inverses);
    byte[] l = new byte[32];
    for (int b = 0; b < count / 32; b++) {
      long place = at + 22L * b;
      putHalf(out, place, scales[b]);
      WEIGHTED.levels(x, from + 32 * b, inverses[b], l, 0);
      Nibbles.putFives(l, out, place + 2);
    }
  }

  private static void plain(float[] x, int from, MemorySegment out, long at) {
    float d = extreme(x, from, 32) / -16;
    float inverse = inverse(d);
    putHalf(out, at, d);
    int fifth = 0;
    for (int i = 0; i < 16; i++) {
      int low = Math.min(31, (byte) truncate(x[from + i] * inverse + 16.5f));
      int high = Math.min(31, (byte) truncate(x[from + 16 + i] * inverse + 16.5f));
      put(out, at + 6 + i, low & 15 | (high & 15) << 4);
      fifth |= (low >> 4 & 1) << i | (high >> 4 & 1) << i + 16;
    }
    out.set(JAVA_INT_UNALIGNED, at + 2, fifth);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    int fifth = in.get(JAVA_INT_UNALIGNED, at + 2);
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 6 + i);
      y[from + i] = ((q & 15 | (fifth >> i & 1) << 4) - 16) * d;
      y[from + 16 + i] = ((q >> 4 | (fifth >> i + 16 & 1) << 4) - 16) * d;
    }
  }
}
