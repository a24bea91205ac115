package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * Three bits and a half: {@code w ≈ d · (1 + 2s) · ±v}, four weights to a point of 512, s for each
 * 32, every sign on its own.
 *
 * <p>Block of 256 weights in 110 bytes: d as f16, 64 low bytes of the points, eight bytes of their
 * ninth bits, 32 bytes of signs, four bytes of two s each; 3.4375 bits per weight. Source: {@code
 * block_iq3_s} and {@code quantize_row_iq3_s_impl} of ggml.
 */
public final class Iq3S extends CodebookBlock {
  private static final CodebookSearch SEARCH =
      new CodebookSearch(
          Codebook.IQ3_S, 32, 9, 0.2f, Float.MIN_VALUE, false, CodebookSearch.Retry.ALL_IF_ANY);

  public Iq3S(CodebookGroups groups) {
    super(GgmlType.IQ3_S, 2, SEARCH, groups, 1.033f);
  }

  @Override
  void pack(Parts parts, MemorySegment out, long at) {
    for (int i = 0; i < 8; i++) {
      int ninth = 0;
      for (int k = 0; k < 8; k++) {
        put(out, at + 2 + 8 * i + k, parts.points[8 * i + k]);
        ninth |= parts.points[8 * i + k] >> 8 << k;
      }
      put(out, at + 66 + i, ninth);
    }
    for (int k = 0; k < 32; k++) {
      put(out, at + 74 + k, parts.signs[k]);
    }
    for (int i = 0; i < 4; i++) {
      put(out, at + 106 + i, parts.scales[2 * i] | parts.scales[2 * i + 1] << 4);
    }
  }

  @Override
  public void unpack(MemorySegment in, long at, Parts parts) {
    for (int k = 0; k < 64; k++) {
      int ninth = u8(in, at + 66 + k / 8) >> k % 8 & 1;
      parts.points[k] = u8(in, at + 2 + k) | ninth << 8;
    }
    for (int k = 0; k < 32; k++) {
      parts.signs[k] = (byte) u8(in, at + 74 + k);
    }
    for (int g = 0; g < 8; g++) {
      parts.scales[g] = u8(in, at + 106 + g / 2) >> 4 * (g % 2) & 15;
    }
  }

  @Override
  public float step(float d, int code) {
    return d * (1 + 2 * code);
  }

  @Override
  float ownWeight(float meanSquare, float x) {
    return x * x;
  }

  @Override
  boolean keepsPoints() {
    return true;
  }
}
