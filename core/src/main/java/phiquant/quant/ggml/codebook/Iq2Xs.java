package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * Two bits and a third: {@code w ≈ d · (½ + s) · ¼ · ±v}, eight weights to a point of 512, s for
 * each 16.
 *
 * <p>Block of 256 weights in 74 bytes: d as f16, a u16 for each eight weights with the point in the
 * low nine bits and seven signs above, eight bytes of two s each; 2.3125 bits per weight. Source:
 * {@code block_iq2_xs} and {@code quantize_row_iq2_xs_impl} of ggml.
 */
public final class Iq2Xs extends CodebookBlock {
  private static final CodebookSearch SEARCH =
      new CodebookSearch(Codebook.IQ2_XS, 16, 9, 0.1f, 1e-15f, true, CodebookSearch.Retry.ANY);

  public Iq2Xs(CodebookGroups groups) {
    super(GgmlType.IQ2_XS, 1, SEARCH, groups, 1);
  }

  @Override
  void pack(Parts parts, MemorySegment out, long at) {
    for (int k = 0; k < 32; k++) {
      put16(out, at + 2 + 2 * k, parts.points[k] | (parts.signs[k] & 127) << 9);
    }
    for (int i = 0; i < 8; i++) {
      put(out, at + 66 + i, parts.scales[2 * i] | parts.scales[2 * i + 1] << 4);
    }
  }

  @Override
  public void unpack(MemorySegment in, long at, Parts parts) {
    for (int k = 0; k < 32; k++) {
      int both = u16(in, at + 2 + 2 * k);
      parts.points[k] = both & 511;
      parts.signs[k] = evenSigns(both >> 9);
    }
    for (int g = 0; g < 16; g++) {
      parts.scales[g] = u8(in, at + 66 + g / 2) >> 4 * (g % 2) & 15;
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
