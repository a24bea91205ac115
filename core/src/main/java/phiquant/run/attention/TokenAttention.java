package phiquant.run.attention;

import phiquant.model.Attention;
import phiquant.model.BlockSparse;
import phiquant.model.PhiConfig;
import phiquant.run.floats.Exponentials;
import phiquant.run.floats.Rows;

/**
 * Attention of one token to all before it: {@code softmax(q · K / sqrt(d)) · V}, over the cache in
 * runs of positions with a running softmax (Milakov and Gimelshein 2018, arXiv:1805.02867), so that
 * memory does not grow with the context. All queries that share a key and value head are done
 * together.
 */
public final class TokenAttention {
  /** Positions of a run: their keys fit the first-level cache. */
  static final int RUN = 64;

  private final PhiConfig config;
  private final int group;

  /** For each worker: decoded keys or values {@code [RUN, headSize]}. */
  private final float[][] rows;

  /** For each worker: {@code [group, RUN]}. */
  private final float[][] scores;

  public TokenAttention(PhiConfig config, int workers) {
    this.config = config;
    this.group = config.heads() / config.kvHeads();
    this.rows = new float[workers][RUN * config.headSize()];
    this.scores = new float[workers][group * (RUN + 2)];
  }

  /** The first position that attention at {@code position} sees. */
  static int firstVisible(PhiConfig config, int position) {
    return config.slidingWindow().isEmpty()
        ? 0
        : Math.max(0, position - config.slidingWindow().get() + 1);
  }

  /**
   * One key and value head.
   *
   * @param attention the layer's: how scores are scaled, and which positions are left out
   * @param qkv rotated queries, heads first
   * @param out {@code [heads, headSize]}: the heads of this group are written
   */
  public void attend(
      Attention attention,
      int kvHead,
      float[] qkv,
      HeadStore keys,
      HeadStore values,
      int position,
      float[] out,
      int worker) {
    int size = config.headSize();
    int first = kvHead * group;
    float scale = (float) attention.scale(size);
    BlockSparse blocks = attention.blocks().orElse(null);
    float[] row = rows[worker];
    float[] score = scores[worker];
    int max = group * RUN;
    int sum = max + group;
    java.util.Arrays.fill(score, max, sum, Float.NEGATIVE_INFINITY);
    java.util.Arrays.fill(score, sum, sum + group, 0);
    java.util.Arrays.fill(out, first * size, (first + group) * size, 0);
    int next;
    for (int from = firstVisible(config, position); from <= position; from = next) {
      next = Math.min(position + 1, (from / RUN + 1) * RUN);
      int count = next - from;
      if (blocks != null && !seen(blocks, first, position, from, count)) {
        continue;
      }
      keys.read(kvHead, from, count, row, 0);
      for (int g = 0; g < group; g++) {
        Rows.BEST.multiply(row, count, size, qkv, (first + g) * size, scale, score, g * RUN);
      }
      values.read(kvHead, from, count, row, 0);
      for (int g = 0; g < group; g++) {
        if (blocks != null) {
          if (!blocks.seesAny(first + g, position, from, count)) {
            continue;
          }
          hide(blocks, first + g, position, from, count, score, g * RUN);
        }
        float before = score[max + g];
        float largest = before;
        for (int j = 0; j < count; j++) {
          largest = Math.max(largest, score[g * RUN + j]);
        }
        float rescale = (float) Math.exp(before - largest);
        float total = Exponentials.BEST.softmax(score, g * RUN, count, largest);
        score[max + g] = largest;
        score[sum + g] = score[sum + g] * rescale + total;
        Rows.BEST.scaleAndAdd(row, count, size, score, g * RUN, rescale, out, (first + g) * size);
      }
    }
    for (int g = 0; g < group; g++) {
      float inverse = 1 / score[sum + g];
      for (int i = (first + g) * size; i < (first + g + 1) * size; i++) {
        out[i] *= inverse;
      }
    }
  }

  /** Whether a head of the group sees any of these positions. */
  private boolean seen(BlockSparse blocks, int first, int query, int from, int count) {
    for (int g = 0; g < group; g++) {
      if (blocks.seesAny(first + g, query, from, count)) {
        return true;
      }
    }
    return false;
  }

  private static void hide(
      BlockSparse blocks, int head, int query, int from, int count, float[] score, int at) {
    for (int j = 0; j < count; j++) {
      if (!blocks.sees(head, query, from + j)) {
        score[at + j] = Float.NEGATIVE_INFINITY;
      }
    }
  }
}
