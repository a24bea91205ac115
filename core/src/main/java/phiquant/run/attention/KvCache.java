package phiquant.run.attention;

import java.util.Arrays;
import phiquant.model.PhiConfig;

/**
 * What attention remembers of one sequence: keys and values of every layer, and the tokens
 * themselves, so that longrope can compute the keys anew when its factors change. Made by the
 * model; for one thread at a time.
 */
public final class KvCache {
  private final int context;
  private final HeadStore[] keys;
  private final HeadStore[] values;
  private int[] tokens = new int[64];
  private int length;

  /** Whether the keys were rotated by longrope's long factors. */
  private boolean longFactors;

  public KvCache(PhiConfig config, int context, CacheType type) {
    this.context = context;
    this.keys = new HeadStore[config.layers()];
    this.values = new HeadStore[config.layers()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = HeadStore.of(type, config.kvHeads(), config.headSize());
      values[i] = HeadStore.of(type, config.kvHeads(), config.headSize());
    }
  }

  /** Tokens that it holds. */
  public int length() {
    return length;
  }

  /** Tokens that it can hold. */
  public int context() {
    return context;
  }

  /** Forgets the tokens from {@code length} on. */
  public void truncate(int length) {
    if (length < 0 || length > this.length) {
      throw new IllegalArgumentException(length + " of " + this.length + " tokens");
    }
    this.length = length;
  }

  public HeadStore keys(int layer) {
    return keys[layer];
  }

  public HeadStore values(int layer) {
    return values[layer];
  }

  /** The tokens that it holds. */
  public int[] tokens() {
    return Arrays.copyOf(tokens, length);
  }

  public boolean longFactors() {
    return longFactors;
  }

  public void longFactors(boolean value) {
    longFactors = value;
  }

  /** Makes room for more tokens, whose keys and values will be written from {@link #length} on. */
  public void reserve(int more) {
    for (int i = 0; i < keys.length; i++) {
      keys[i].reserve(length + more);
      values[i].reserve(length + more);
    }
  }

  /** Takes tokens in whose keys and values have been written. */
  public void append(int[] ids, int from, int count) {
    if (length + count > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, length + count));
    }
    System.arraycopy(ids, from, tokens, length, count);
    length += count;
  }
}
