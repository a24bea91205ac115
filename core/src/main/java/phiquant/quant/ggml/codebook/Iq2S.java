package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * Two bits and a half: {@code w ≈ d · (½ + s) · ¼ · ±v}, eight weights to a point of 1024, s for
 * each 16, every sign on its own.
 *
 * <p>Block of 256 weights in 82 bytes: d as f16, 32 low bytes of the points, 32 bytes of signs,
 * eight bytes of four times two upper bits of the points, eight bytes of two s each; 2.5625 bits
 * per weight. Source: {@code block_iq2_s} and {@code quantize_row_iq2_s_impl} of ggml.
 */
public final class Iq2S extends CodebookBlock {
  private static final CodebookSearch SEARCH =
      new CodebookSearch(Codebook.IQ2_S, 16, 9, 0.1f, 1e-8f, false, CodebookSearch.Retry.ANY);

  public Iq2S(CodebookGroups groups) {
    super(GgmlType.IQ2_S, 2, SEARCH, groups, 0.9875f);
  }

  @Override
  void pack(Parts parts, MemorySegment out, long at) {
    for (int i = 0; i < 8; i++) {
      int upper = 0;
      for (int k = 4 * i; k < 4 * i + 4; k++) {
        put(out, at + 2 + k, parts.points[k]);
        put(out, at + 34 + k, parts.signs[k]);
        upper |= parts.points[k] >> 8 << 2 * (k % 4);
      }
      put(out, at + 66 + i, upper);
      put(out, at + 74 + i, parts.scales[2 * i] | parts.scales[2 * i + 1] << 4);
    }
  }

  @Override
  public void unpack(MemorySegment in, long at, Parts parts) {
    for (int k = 0; k < 32; k++) {
      int upper = u8(in, at + 66 + k / 4) >> 2 * (k % 4) & 3;
      parts.points[k] = u8(in, at + 2 + k) | upper << 8;
      parts.signs[k] = (byte) u8(in, at + 34 + k);
    }
    for (int g = 0; g < 16; g++) {
      parts.scales[g] = u8(in, at + 74 + g / 2) >> 4 * (g % 2) & 15;
    }
  }

  @Override
  public float step(float d, int code) {
    return d * (0.5f + code) * 0.25f;
  }

  @Override
  float ownWeight(float meanSquare, float x) {
    return 0.25f * (2 * meanSquare) + x * x;
  }

  @Override
  boolean keepsPoints() {
    return true;
  }
}
