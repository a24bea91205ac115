package phiquant.quant.ggml.formats;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.NonLinear;
import phiquant.quant.ggml.ScaleGroups;
import phiquant.quant.ggml.SearchedBlock;

/**
 * 4-bit indexes into sixteen uneven levels: {@code w ≈ d · v[q]}, v of {@link NonLinear}.
 *
 * <p>Block of 32 weights in 18 bytes: d as f16, then 16 bytes as in Q4_0; 4.5 bits per weight.
 * Source: {@code quantize_iq4_nl} of ggml.
 */
final class Iq4Nl extends SearchedBlock {
  /** Blocks whose scales are searched for together. */
  private static final int BLOCKS = 64;

  private final ScaleGroups groups;

  Iq4Nl(ScaleGroups groups) {
    super(GgmlType.IQ4_NL, 32, 2);
    this.groups = groups;
  }

  @Override
  protected void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    float[] scales = new float[BLOCKS];
    for (int block = 0; block < count / 32; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 32 - block);
      groups.find(x, from + 32 * block, weights, 32 * block, some, scales);
      for (int i = 0; i < some; i++) {
        quantize(x, from + 32 * (block + i), scales[i], out, at + 18L * (block + i));
      }
    }
  }

  private static void quantize(float[] x, int from, float d, MemorySegment out, long at) {
    putHalf(out, at, d);
    float inverse = inverse(d);
    for (int i = 0; i < 16; i++) {
      int low = NonLinear.nearest(inverse * x[from + i]);
      int high = NonLinear.nearest(inverse * x[from + 16 + i]);
      put(out, at + 2 + i, low | high << 4);
    }
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 2 + i);
      y[from + i] = d * NonLinear.VALUES[q & 15];
      y[from + 16 + i] = d * NonLinear.VALUES[q >> 4];
    }
  }
}
