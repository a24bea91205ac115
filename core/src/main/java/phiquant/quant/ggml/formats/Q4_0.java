package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.SearchedBlock;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.SymmetricSearch;

/**
 * 4-bit integers with a signed scale: {@code w ≈ d · (q - 8)}, where d = m / -8 and m is the weight
 * of largest magnitude, so that m falls on the end of the range that has one level more.
 *
 * <p>Block of 32 weights in 18 bytes: d as f16, then 16 bytes, byte i holding weight i in its low
 * and weight i + 16 in its high half; 4.5 bits per weight. Source: {@code quantize_row_q4_0_ref} of
 * ggml.
 */
final class Q4_0 extends SearchedBlock {
  private static final SymmetricSearch WEIGHTED = new SymmetricSearch(32, 8);

  private final SymmetricGroups groups;

  Q4_0(SymmetricGroups groups) {
    super(GgmlType.Q4_0, ROW, 1);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    if (weights == null) {
      for (int b = 0; b < count / 32; b++) {
        plain(x, from + 32 * b, out, at + 18L * b);
      }
      return;
    }
    float[] scales = new float[count / 32];
    float[] inverses = new float[count / 32];
    groups.find(WEIGHTED, x, from, weights, 0, count / 32, scales, inverses);
    byte[] l = new byte[32];
    for (int b = 0; b < count / 32; b++) {
      long place = at + 18L * b;
      putHalf(out, place, scales[b]);
      WEIGHTED.levels(x, from + 32 * b, inverses[b], l, 0);
      Nibbles.put(l, out, place + 2);
    }
  }

  private static void plain(float[] x, int from, MemorySegment out, long at) {
    float d = extreme(x, from, 32) / -8;
    float inverse = inverse(d);
    putHalf(out, at, d);
    for (int i = 0; i < 16; i++) {
      int low = Math.min(15, (byte) truncate(x[from + i] * inverse + 8.5f));
      int high = Math.min(15, (byte) truncate(x[from + 16 + i] * inverse + 8.5f));
      put(out, at + 2 + i, low | high << 4);
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 2 + i);
      y[from + i] = ((q & 15) - 8) * d;
      y[from + 16 + i] = ((q >> 4) - 8) * d;
    }
  }
}
