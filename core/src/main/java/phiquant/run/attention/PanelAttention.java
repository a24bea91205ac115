package phiquant.run.attention;

import java.util.Arrays;
import phiquant.model.Attention;
import phiquant.model.BlockSparse;
import phiquant.model.PhiConfig;
import phiquant.run.floats.Exponentials;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.tokens.Tile;

/**
 * Attention of a panel of tokens, each in its lane: the same running softmax as {@link
 * TokenAttention}, with both products as tiles of keys and values times a panel.
 */
public final class PanelAttention {
  private static final int WIDTH = Panels.WIDTH;
  private static final int RUN = TokenAttention.RUN;

  /** A score that is not seen: finite, so that a run without any visible position is no trouble. */
  private static final float HIDDEN = -1e30f;

  private final PhiConfig config;
  private final int group;
  private final Memory[] memories;

  /** What one worker works in. */
  private final class Memory {
    /** {@code [RUN, headSize]}. */
    final float[] keys = new float[RUN * config.headSize()];

    final float[] values = new float[RUN * config.headSize()];

    /** {@code [headSize, RUN]}. */
    final float[] columns = new float[RUN * config.headSize()];

    /** {@code [RUN, WIDTH]}. */
    final float[] scores = new float[RUN * WIDTH];

    /** {@code [group, WIDTH]}. */
    final float[] max = new float[group * WIDTH];

    final float[] sum = new float[group * WIDTH];
    final float[] rescale = new float[WIDTH];
  }

  public PanelAttention(PhiConfig config, int workers) {
    this.config = config;
    this.group = config.heads() / config.kvHeads();
    this.memories = new Memory[workers];
    Arrays.setAll(memories, i -> new Memory());
  }

  /** Rotates queries and keys of a panel. */
  public void rotate(float[] qkv, float[] cos, float[] sin) {
    int half = config.rotarySize() / 2 * WIDTH;
    for (int head = 0; head < config.heads() + config.kvHeads(); head++) {
      int at = head * config.headSize() * WIDTH;
      for (int i = 0; i < half; i++) {
        float a = qkv[at + i];
        float b = qkv[at + half + i];
        qkv[at + i] = a * cos[i] - b * sin[i];
        qkv[at + half + i] = b * cos[i] + a * sin[i];
      }
    }
  }

  /** Stores the keys and values of one token. */
  public void store(Panels qkv, int token, int position, HeadStore keys, HeadStore values) {
    float[] panel = qkv.panel(token / WIDTH);
    int lane = token % WIDTH;
    for (int head = 0; head < config.kvHeads(); head++) {
      int key = (config.heads() + head) * config.headSize();
      int value = key + config.kvHeads() * config.headSize();
      keys.write(head, position, panel, key * WIDTH + lane, WIDTH);
      values.write(head, position, panel, value * WIDTH + lane, WIDTH);
    }
  }

  /**
   * One key and value head for one panel.
   *
   * @param attention the layer's: how scores are scaled, and which positions are left out
   * @param qkv rotated queries of the panel, heads first
   * @param position of the panel's first token
   * @param length positions that have been stored
   * @param out {@code [heads · headSize, WIDTH]}: the heads of this group are written
   */
  public void attend(
      Attention attention,
      int kvHead,
      float[] qkv,
      HeadStore keys,
      HeadStore values,
      int position,
      int length,
      float[] out,
      int worker) {
    Memory memory = memories[worker];
    int size = config.headSize();
    float scale = (float) attention.scale(size);
    BlockSparse blocks = attention.blocks().orElse(null);
    int first = kvHead * group * size;
    boolean ahead = attention.seesAhead();
    int last = (ahead ? length : Math.min(length, position + WIDTH)) - 1;
    Arrays.fill(memory.max, HIDDEN);
    Arrays.fill(memory.sum, 0);
    Arrays.fill(out, first * WIDTH, (first + group * size) * WIDTH, 0);
    int begin = TokenAttention.firstVisible(config, position) / RUN * RUN;
    for (int from = begin; from <= last; from += RUN) {
      int count = Math.min(RUN, last + 1 - from);
      keys.read(kvHead, from, count, memory.keys, 0);
      values.read(kvHead, from, count, memory.values, 0);
      transpose(memory.values, count, size, memory.columns);
      for (int g = 0; g < group; g++) {
        int at = (first + g * size) * WIDTH;
        score(memory, qkv, at, count, scale);
        if (!ahead) {
          hide(memory, from, count, position);
        }
        if (blocks != null) {
          hide(memory, blocks, kvHead * group + g, from, count, position);
        }
        Exponentials.BEST.softmax(
            memory.scores, count, WIDTH, memory.max, memory.sum, g * WIDTH, memory.rescale);
        rescale(out, at, size, memory.rescale);
        Tile.BEST.add(memory.columns, 0, RUN, size, memory.scores, 0, count, out, at);
      }
    }
    for (int g = 0; g < group; g++) {
      for (int t = 0; t < WIDTH; t++) {
        memory.rescale[t] = 1 / memory.sum[g * WIDTH + t];
      }
      rescale(out, (first + g * size) * WIDTH, size, memory.rescale);
    }
  }

  /** Scaled products of keys and queries. */
  private void score(Memory memory, float[] q, int qAt, int count, float scale) {
    int size = config.headSize();
    float[] scores = memory.scores;
    Arrays.fill(scores, 0, count * WIDTH, 0);
    Tile.BEST.add(memory.keys, 0, size, count, q, qAt, size, scores, 0);
    for (int i = 0; i < count * WIDTH; i++) {
      scores[i] *= scale;
    }
  }

  /** Hides what a token must not see: what comes after it, or before its window. */
  private void hide(Memory memory, int from, int count, int position) {
    float[] scores = memory.scores;
    boolean allVisible = from + count - 1 <= position;
    int window = config.slidingWindow().orElse(Integer.MAX_VALUE);
    if (allVisible && position + WIDTH - 1 - from < window) {
      return;
    }
    for (int j = 0; j < count; j++) {
      for (int t = 0; t < WIDTH; t++) {
        int back = position + t - (from + j);
        if (back < 0 || back >= window) {
          scores[j * WIDTH + t] = HIDDEN;
        }
      }
    }
  }

  /** Hides what each token's blocks leave out. */
  private void hide(
      Memory memory, BlockSparse blocks, int head, int from, int count, int position) {
    if (blocks.seesLocally(position + WIDTH - 1, from)) {
      return;
    }
    for (int j = 0; j < count; j++) {
      for (int t = 0; t < WIDTH; t++) {
        if (!blocks.sees(head, position + t, from + j)) {
          memory.scores[j * WIDTH + t] = HIDDEN;
        }
      }
    }
  }

  private static void rescale(float[] out, int at, int size, float[] factor) {
    for (int d = 0; d < size; d++) {
      for (int t = 0; t < WIDTH; t++) {
        out[at + d * WIDTH + t] *= factor[t];
      }
    }
  }

  private static void transpose(float[] rows, int count, int size, float[] columns) {
    for (int j = 0; j < count; j++) {
      for (int d = 0; d < size; d++) {
        columns[d * RUN + j] = rows[j * size + d];
      }
    }
  }
}
