package phiquant.quant.ggml.codebook;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.Rounding;
import phiquant.quant.ggml.SearchedBlock;

/**
 * What IQ2 and IQ3 have in common: 256 weights in groups, {@code w ≈ d · (½ + s) · f · ±v}, where v
 * are values of a point of the {@link Codebook}, s a code of four bits for each group, and f a
 * constant of the format.
 */
public abstract class CodebookBlock extends SearchedBlock {
  /** Blocks searched together. */
  private static final int BLOCKS = 16;

  private final CodebookSearch search;
  private final CodebookGroups groups;
  private final float stretch;

  /**
   * A format.
   *
   * @param factor of the mean square in {@code Emphasis}
   * @param stretch of d, found by trial
   */
  CodebookBlock(
      GgmlType type, float factor, CodebookSearch search, CodebookGroups groups, float stretch) {
    super(type, 256, factor);
    this.search = search;
    this.groups = groups;
    this.stretch = stretch;
  }

  /** Points, signs and codes of scales on their way between a block and arrays. */
  public static final class Parts {
    public final int[] points = new int[64];
    public final byte[] signs = new byte[32];
    public final int[] scales = new int[16];
  }

  /** The codebook of the points. */
  public Codebook book() {
    return search.book();
  }

  /** Weights that share a scale. */
  public int group() {
    return search.group();
  }

  /** Writes all but d. */
  abstract void pack(Parts parts, MemorySegment out, long at);

  /** Reads all but d. */
  public abstract void unpack(MemorySegment in, long at, Parts parts);

  /** What a value is multiplied with, for a code of a scale. */
  public abstract float step(float d, int code);

  /** How much errors count if nothing says so, given the mean square of the block's weights. */
  abstract float ownWeight(float meanSquare, float x);

  /** Whether points are written though all scales are zero, as in ggml. */
  boolean keepsPoints() {
    return false;
  }

  @Override
  protected final void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at) {
    float[] importance = weights == null ? ownWeights(x, from, count) : weights;
    CodebookGroups.Found found = CodebookGroups.Found.room(search, 256 * BLOCKS);
    Parts parts = new Parts();
    int perBlock = 256 / search.group();
    for (int block = 0; block < count / 256; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 256 - block);
      int first = 256 * block;
      groups.find(search, x, from + first, importance, first, perBlock * some, found);
      for (int i = 0; i < some; i++) {
        put(found, i, parts, out, at + (long) (block + i) * blockBytes());
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

  private void put(CodebookGroups.Found found, int block, Parts parts, MemorySegment out, long at) {
    int perBlock = 256 / search.group();
    float max = 0;
    for (int g = 0; g < perBlock; g++) {
      // As ggml's MAX, not Java's: of a NaN it passes on the very bits, whoever compiled this.
      float scale = found.scales()[perBlock * block + g];
      max = max > scale ? max : scale;
    }
    if (max == 0 && !keepsPoints()) {
      out.asSlice(at, blockBytes()).fill((byte) 0);
      return;
    }
    float d = max / 31;
    float inverse = 1 / d;
    for (int g = 0; g < perBlock; g++) {
      float scale = found.scales()[perBlock * block + g];
      int code = Rounding.nearest(0.5f * (inverse * scale - 1));
      parts.scales[g] = max == 0 ? 0 : Math.max(0, Math.min(15, code));
    }
    int points = 256 / search.book().dimension();
    System.arraycopy(found.points(), points * block, parts.points, 0, points);
    System.arraycopy(found.signs(), 32 * block, parts.signs, 0, 32);
    putHalf(out, at, d * stretch);
    pack(parts, out, at);
  }

  @Override
  protected final void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    Parts parts = new Parts();
    unpack(in, at, parts);
    float d = half(in, at);
    int dimension = search.book().dimension();
    byte[] values = search.book().decoded();
    for (int i = 0; i < 256; i++) {
      float step = step(d, parts.scales[i / search.group()]);
      float magnitude = step * values[dimension * parts.points[i / dimension] + i % dimension];
      boolean minus = (parts.signs[i / 8] >> i % 8 & 1) != 0;
      y[from + i] = magnitude * (minus ? -1f : 1f);
    }
  }

  /** Seven signs, of which the eighth follows: there is an even number of minus signs. */
  static byte evenSigns(int seven) {
    return (byte) (seven | Integer.bitCount(seven) % 2 << 7);
  }

  static int u16(MemorySegment in, long at) {
    return in.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
  }

  static int u32(MemorySegment in, long at) {
    return in.get(ValueLayout.JAVA_INT_UNALIGNED, at);
  }

  static void put16(MemorySegment out, long at, int value) {
    out.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
  }

  static void put32(MemorySegment out, long at, int value) {
    out.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
  }
}
