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

  /** Tokens that it will hold at least. */
  private int expected;

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

  /** How many tokens it will hold at least, as far as is known. */
  public int expected() {
    return expected;
  }

  /**
   * Says how many it will hold at least, before they come in parts: longrope's factors are those of
   * the whole.
   */
  public void expect(int tokens) {
    expected = tokens;
  }

  /** Holds the first tokens of another cache of the same model, and nothing else. */
  public void copy(KvCache other, int length) {
    this.length = 0; // What it holds until all is copied.
    for (int i = 0; i < keys.length; i++) {
      keys[i].copy(other.keys[i], length);
      values[i].copy(other.values[i], length);
    }
    tokens = Arrays.copyOf(other.tokens, Math.max(length, 64));
    this.length = length;
    longFactors = other.longFactors;
  }

  /** Gives back the memory of tokens that were forgotten. */
  public void release() {
    for (int i = 0; i < keys.length; i++) {
      keys[i].release(length);
      values[i].release(length);
    }
  }

  /** How many of these tokens it holds as its own first ones. */
  public int common(int[] others) {
    int end = Math.min(length, others.length);
    int mismatch = Arrays.mismatch(tokens, 0, end, others, 0, end);
    return mismatch < 0 ? end : mismatch;
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
      keys[i].reserve(length, length + more);
      values[i].reserve(length, length + more);
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
