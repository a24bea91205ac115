package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.SearchedBlock;

/**
 * What IQ1_S and IQ1_M have in common: 256 weights in groups, {@code w ≈ d · (2s + 1) · (t ± ⅛)},
 * where t in -1, 0, 1 are values of a point of {@link Codebook#IQ1} and s a code of three bits.
 */
public abstract class TernaryBlock extends SearchedBlock {
  private final int group;
  private final TernaryGroups groups;

  TernaryBlock(GgmlType type, int group, TernaryGroups groups) {
    super(type, 256, 2);
    this.group = group;
    this.groups = groups;
  }

  /** Points and shifts of each eight weights, and codes of scales, on their way to arrays. */
  public static final class Parts {
    public final int[] points = new int[32];
    public final boolean[] down = new boolean[32];
    public final int[] scales = new int[16];
  }

  /** Reads a block; returns d. */
  public abstract float unpack(MemorySegment in, long at, Parts parts);

  /** Weights that share a scale. */
  public int group() {
    return group;
  }

  @Override
  protected final void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    Parts parts = new Parts();
    float d = unpack(in, at, parts);
    byte[] values = Codebook.IQ1.decoded();
    for (int i = 0; i < 256; i++) {
      float scale = d * (2 * parts.scales[i / group] + 1);
      float delta = parts.down[i / 8] ? -TernarySearch.DELTA : TernarySearch.DELTA;
      y[from + i] = scale * (values[8 * parts.points[i / 8] + i % 8] + delta);
    }
  }

  /** How much errors count if nothing says so, given the mean square of the block's weights. */
  abstract float ownWeight(float meanSquare, float x);

  /**
   * Writes a block.
   *
   * @param found of all groups, the block's from {@code 256 * block} weights on
   * @param max the largest scale of the block, not 0
   */
  abstract void put(
      TernaryGroups.Found found,
      int block,
      float max,
      float[] x,
      int from,
      float[] weights,
      int weightsAt,
      MemorySegment out,
      long at);

  /** The block of a largest scale of 0. */
  abstract void putFlat(TernaryGroups.Found found, int block, MemorySegment out, long at);

  @Override
  protected final void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    float[] importance = weights == null ? ownWeights(x, from, count) : weights;
    TernaryGroups.Found found = TernaryGroups.Found.room(group, count);
    groups.find(group, x, from, importance, 0, count / group, found);
    for (int block = 0; block < count / 256; block++) {
      float max = 0;
      for (int g = 256 / group * block; g < 256 / group * (block + 1); g++) {
        // As ggml's MAX, not Java's: of a NaN it passes on the very bits, whoever compiled this.
        float scale = found.scales()[g];
        max = max > scale ? max : scale;
      }
      long place = at + (long) block * blockBytes();
      if (max == 0) {
        putFlat(found, block, out, place);
      } else {
        int first = 256 * block;
        put(found, block, max, x, from + first, importance, first, out, place);
      }
    }
  }

  private float[] ownWeights(float[] x, int from, int count) {
    float[] weights = new float[count];
    for (int block = 0; block < count; block += 256) {
      float sum = 0;
      for (int i = from + block; i < from + block + 256; i++) {
        sum += x[i] * x[i];
      }
      for (int i = block; i < block + 256; i++) {
        weights[i] = ownWeight(sum / 256, x[from + i]);
      }
    }
    return weights;
  }

  /** The code of a scale. */
  static int code(float inverse, float scale) {
    return Math.max(0, Math.min(7, Rounding.nearest(0.5f * (inverse * scale - 1))));
  }
}
