package phiquant.quant.ggml;

import java.lang.foreign.MemorySegment;
import phiquant.quant.BlockFormat;

/**
 * A format whose encoder searches for the scales of smallest error, and can be told how much the
 * error of each weight counts. Without being told, it has its own rule.
 */
public abstract class SearchedBlock extends GgmlBlock {
  /** Stands for the span of a whole row. */
  protected static final int ROW = 0;

  private final int span;
  private final float factor;

  /**
   * With its rule for {@link Emphasis}.
   *
   * @param span a number of weights, or {@link #ROW}
   * @param factor of their mean square
   */
  protected SearchedBlock(GgmlType type, int span, float factor) {
    super(type);
    this.span = span;
    this.factor = factor;
  }

  /**
   * Encodes weights.
   *
   * @param weights how much the error of {@code x[from + i]} counts, at index i; null if by the
   *     format's own rule
   */
  protected abstract void encode(
      float[] x, int from, int count, float[] weights, MemorySegment out, long at);

  @Override
  public final void encode(float[] x, int from, int count, MemorySegment out, long at) {
    encode(x, from, count, null, out, at);
  }

  @Override
  protected final void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, blockSize(), null, out, at);
  }

  @Override
  public final BlockFormat weighted(float[] importance) {
    Emphasis emphasis = new Emphasis(importance, span == ROW ? importance.length : span, factor);
    return new WeightedRows(this, emphasis);
  }
}
