package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;

/**
 * 4-bit indexes into sixteen uneven levels: {@code w ≈ d · v[q]}, v of {@link NonLinear}.
 *
 * <p>Block of 32 weights in 18 bytes: d as f16, then 16 bytes as in Q4_0; 4.5 bits per weight.
 * Source: {@code quantize_iq4_nl} of ggml.
 */
final class Iq4Nl extends GgmlBlock {
  Iq4Nl() {
    super(GgmlType.IQ4_NL);
  }

  @Override
  void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    float d = NonLinear.scale(x, from);
    putHalf(out, at, d);
    float inverse = inverse(d);
    for (int i = 0; i < 16; i++) {
      int low = NonLinear.nearest(inverse * x[from + i]);
      int high = NonLinear.nearest(inverse * x[from + 16 + i]);
      put(out, at + 2 + i, low | high << 4);
    }
  }

  @Override
  void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    float d = half(in, at);
    for (int i = 0; i < 16; i++) {
      int q = u8(in, at + 2 + i);
      y[from + i] = d * NonLinear.VALUES[q & 15];
      y[from + 16 + i] = d * NonLinear.VALUES[q >> 4];
    }
  }
}
