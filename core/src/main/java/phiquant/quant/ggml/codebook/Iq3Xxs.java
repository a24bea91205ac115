package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * Three bits and a sixteenth: {@code w ≈ d · (½ + s) · ½ · ±v}, four weights to a point of 256, s
 * for each 32.
 *
 * <p>Block of 256 weights in 98 bytes: d as f16, 64 points, a byte each, then for each 32 weights a
 * u32 of four times seven signs with s on top; 3.0625 bits per weight. Source: {@code
 * block_iq3_xxs} and {@code quantize_row_iq3_xxs_impl} of ggml.
 */
public final class Iq3Xxs extends CodebookBlock {
  private static final CodebookSearch SEARCH =
      new CodebookSearch(Codebook.IQ3_XXS, 32, 15, 0.2f, 1e-8f, true, CodebookSearch.Retry.ANY);

  public Iq3Xxs(CodebookGroups groups) {
    super(GgmlType.IQ3_XXS, 2, SEARCH, groups, 1.0125f);
  }

  @Override
  void pack(Parts parts, MemorySegment out, long at) {
    for (int k = 0; k < 64; k++) {
      put(out, at + 2 + k, parts.points[k]);
    }
    for (int g = 0; g < 8; g++) {
      int signs = parts.scales[g] << 28;
      for (int k = 0; k < 4; k++) {
        signs |= (parts.signs[4 * g + k] & 127) << 7 * k;
      }
      put32(out, at + 66 + 4 * g, signs);
    }
  }

  @Override
  public void unpack(MemorySegment in, long at, Parts parts) {
    for (int k = 0; k < 64; k++) {
      parts.points[k] = u8(in, at + 2 + k);
    }
    for (int g = 0; g < 8; g++) {
      int signs = u32(in, at + 66 + 4 * g);
      parts.scales[g] = signs >>> 28;
      for (int k = 0; k < 4; k++) {
        parts.signs[4 * g + k] = evenSigns(signs >> 7 * k & 127);
      }
    }
  }

  @Override
  public float step(float d, int code) {
    return d * (0.5f + code) * 0.5f;
  }

  @Override
  float ownWeight(float meanSquare, float x) {
    return x * x;
  }
}
