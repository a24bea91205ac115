package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * Two bits and a sixteenth: {@code w ≈ d · (½ + s) · ¼ · ±v}, eight weights to a point of 256, s
 * for each 32.
 *
 * <p>Block of 256 weights in 66 bytes: d as f16, then for each 32 weights a u32 of four points, a
 * byte each, and a u32 of four times seven signs with s on top; 2.0625 bits per weight. Source:
 * {@code block_iq2_xxs} and {@code quantize_row_iq2_xxs_impl} of ggml.
 */
public final class Iq2Xxs extends CodebookBlock {
  private static final CodebookSearch SEARCH =
      new CodebookSearch(Codebook.IQ2_XXS, 32, 6, 0.1f, 1e-15f, true, CodebookSearch.Retry.ALL);

  public Iq2Xxs(CodebookGroups groups) {
    super(GgmlType.IQ2_XXS, 1, SEARCH, groups, 1);
  }

  @Override
  void pack(Parts parts, MemorySegment out, long at) {
    for (int g = 0; g < 8; g++) {
      int points = 0;
      int signs = parts.scales[g] << 28;
      for (int k = 0; k < 4; k++) {
        points |= parts.points[4 * g + k] << 8 * k;
        signs |= (parts.signs[4 * g + k] & 127) << 7 * k;
      }
      put32(out, at + 2 + 8 * g, points);
      put32(out, at + 6 + 8 * g, signs);
    }
  }

  @Override
  public void unpack(MemorySegment in, long at, Parts parts) {
    for (int g = 0; g < 8; g++) {
      int signs = u32(in, at + 6 + 8 * g);
      parts.scales[g] = signs >>> 28;
      for (int k = 0; k < 4; k++) {
        parts.points[4 * g + k] = u8(in, at + 2 + 8 * g + k);
        parts.signs[4 * g + k] = evenSigns(signs >> 7 * k & 127);
      }
    }
  }

  @Override
  public float step(float d, int code) {
    return d * (0.5f + code) * 0.25f;
  }

  /** ggml has no rule: all columns are equally important. */
  @Override
  float ownWeight(float meanSquare, float x) {
    return (float) Math.sqrt(meanSquare + x * x);
  }
}
