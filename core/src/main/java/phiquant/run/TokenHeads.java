package phiquant.run;

import java.util.Arrays;
import phiquant.model.Attention;
import phiquant.model.PhiConfig;
import phiquant.run.attention.HeadStore;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.Rope;
import phiquant.run.attention.TokenAttention;

/**
 * Attention of tokens that are computed together, each at the end of its own sequence: rotates
 * queries and keys, stores keys and values, and attends to what the sequence's cache holds.
 */
final class TokenHeads implements Workers.Part {
  private final PhiConfig config;
  private final Rope rope;
  private final Workers workers;
  private final TokenAttention seeing;
  private KvCache[] caches;
  private int count;
  private float[][] cos = {};
  private float[][] sin = {};

  // Of the layer that is being computed.
  private Attention attention;
  private int layer;
  private float[][] qkv;
  private float[][] attended;

  TokenHeads(PhiConfig config, Rope rope, Workers workers) {
    this.config = config;
    this.rope = rope;
    this.workers = workers;
    this.seeing = new TokenAttention(config, workers.count());
  }

  /** Makes ready for a token behind what each of the first {@code count} caches holds. */
  void begin(KvCache[] caches, int count) {
    this.caches = caches;
    this.count = count;
    int known = cos.length;
    if (known < count) {
      cos = Arrays.copyOf(cos, count);
      sin = Arrays.copyOf(sin, count);
      for (int t = known; t < count; t++) {
        cos[t] = new float[config.rotarySize() / 2];
        sin[t] = new float[config.rotarySize() / 2];
      }
    }
    for (int t = 0; t < count; t++) {
      rope.angles(caches[t].length(), caches[t].longFactors(), cos[t], sin[t], 0, 1);
    }
  }

  /**
   * One layer.
   *
   * @param qkv of each token queries, keys and values; changed
   * @param attended receives what each token gets
   */
  void attend(Attention attention, float[][] qkv, int layer, float[][] attended) {
    this.attention = attention;
    this.layer = layer;
    this.qkv = qkv;
    this.attended = attended;
    for (int t = 0; t < count; t++) {
      rotate(qkv[t], cos[t], sin[t]);
      store(qkv[t], caches[t]);
    }
    workers.run(config.kvHeads() * count, 1, this);
  }

  private void rotate(float[] qkv, float[] cos, float[] sin) {
    int size = config.headSize();
    int half = config.rotarySize() / 2;
    for (int head = 0; head < config.heads() + config.kvHeads(); head++) {
      for (int i = head * size; i < head * size + half; i++) {
        float a = qkv[i];
        float b = qkv[i + half];
        int pair = i - head * size;
        qkv[i] = a * cos[pair] - b * sin[pair];
        qkv[i + half] = b * cos[pair] + a * sin[pair];
      }
    }
  }

  private void store(float[] qkv, KvCache cache) {
    int size = config.headSize();
    int firstValue = config.heads() + config.kvHeads();
    HeadStore keys = cache.keys(layer);
    HeadStore values = cache.values(layer);
    for (int head = 0; head < config.kvHeads(); head++) {
      keys.write(head, cache.length(), qkv, (config.heads() + head) * size, 1);
      values.write(head, cache.length(), qkv, (firstValue + head) * size, 1);
    }
  }

  /** Key and value heads of one token after the other. */
  @Override
  public void run(int from, int to, int worker) {
    for (int i = from; i < to; i++) {
      int t = i / config.kvHeads();
      KvCache cache = caches[t];
      seeing.attend(
          attention,
          i % config.kvHeads(),
          qkv[t],
          cache.keys(layer),
          cache.values(layer),
          cache.length(),
          attended[t],
          worker);
    }
  }
}
