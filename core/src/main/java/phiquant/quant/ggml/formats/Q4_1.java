package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.AffineSearch;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Grids;
import phiquant.quant.ggml.SearchedBlock;

/**
 * 4-bit integers with a scale and a minimum: {@code w ≈ d · q + m}, where m = min w and d = (max w
 * - min w) / 15.
 *
 * <p>Block of 32 weights in 20 bytes: d and m as f16, then 16 bytes as in Q4_0; 5 bits per weight.
 * Source: {@code quantize_row_q4_1_ref} of ggml.
 */
final class Q4_1 extends SearchedBlock {
  private static final AffineSearch WEIGHTED = AffineSearch.weighted(32, 15);

  private final AffineGroups groups;

  Q4_1(AffineGroups groups) {
    super(GgmlType.Q4_1, ROW, 1);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    if (weights == null) {
      for (int b = 0; b < count / 32; b++) {
        plain(x, from + 32 * b, out, at + 20L * b);
      }
      return;
    }
    Grids grids = new Grids(count / 32);
    groups.find(WEIGHTED, x, from, weights, 0, count / 32, grids, 0);
    byte[] l = new byte[32];
    for (int b = 0; b < count / 32; b++) {
      long place = at + 20L * b;
      putHalf(out, place, grids.scales[b]);
      putHalf(out, place + 2, -grids.mins[b]);
      WEIGHTED.levels(x, from + 32 * b, grids, b, l, 0);
      Nibbles.put(l, out, place + 4);
    }
  }

  private static void plain(float[] x, int from, MemorySegment out, long at) {
    Range range = Range.of(x, from, 32);
    float d = range.width() / 15;
    float inverse = inverse(d);
    putHalf(out, at, d);
    putHalf(out, at + 2, range.min());
    for (int i = 0; i < 16; i++) {
      int low = Math.min(15, (byte) truncate((x[from + i] - range.min()) * inverse + 0.5f));
      int high = Math.min(15, (byte) truncate((x[from + 16 + i] - range.min()) * inverse + 0.5f));
      put(out, at + 4 + i, low | high << 4);
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    float min = half(in, at + 2);
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 4 + i);
      y[from + i] = (q & 15) * d + min;
      y[from + 16 + i] = (q >> 4) * d + min;
    }
  }
}
