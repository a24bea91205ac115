package phiquant.run;

import phiquant.model.PhiConfig;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;

/**
 * The network for one token that follows a cache: every matrix is read once from memory, its rows
 * spread over the threads. Works in memory of its own; nothing is allocated for a token.
 */
final class Step {
  private final Network network;
  private final PhiConfig config;
  private final Rope rope;
  private final Workers workers;
  private final Activations activations;
  private final TokenAttention attention;

  private final float[] x;
  private final Input normed;
  private final float[] qkv;
  private final Input attended;
  private final float[] update;
  private final float[] gateUp;
  private final Input inner;
  private final float[] square = new float[1];
  private final float[] cos;
  private final float[] sin;

  Step(Network network, Rope rope, Workers workers, Activations activations) {
    this.network = network;
    this.config = network.config();
    this.rope = rope;
    this.workers = workers;
    this.activations = activations;
    this.attention = new TokenAttention(config, workers.count());
    x = new float[config.hidden()];
    normed = new Input(config.hidden());
    qkv = new float[config.qkvRows()];
    attended = new Input(config.heads() * config.headSize());
    update = new float[config.hidden()];
    gateUp = new float[2 * config.feedForward()];
    inner = new Input(config.feedForward());
    cos = new float[config.rotarySize() / 2];
    sin = new float[config.rotarySize() / 2];
  }

  /**
   * Takes one token into the cache, which has room for it.
   *
   * @param logits receives one number for each token of the vocabulary; null if nobody wants them
   */
  void run(int token, KvCache cache, LayerObserver observer, float[] logits) {
    int position = cache.length();
    network.embedding().tensor().read(token, 1, x, 0);
    rope.angles(position, cache.longFactors(), cos, sin, 0, 1);
    for (int i = 0; i < network.layers().size(); i++) {
      Network.Layer layer = network.layers().get(i);
      norm(layer.attentionNorm());
      multiply(layer.qkv(), normed, qkv, observer);
      HeadStore keys = cache.keys(i);
      HeadStore values = cache.values(i);
      rotate(position, keys, values);
      workers.run(
          config.kvHeads(),
          1,
          (from, to, worker) -> {
            for (int head = from; head < to; head++) {
              attention.attend(head, qkv, keys, values, position, attended.values(), worker);
            }
          });
      multiply(layer.output(), attended, update, observer);
      add();
      norm(layer.feedForwardNorm());
      multiply(layer.gateUp(), normed, gateUp, observer);
      int width = config.feedForward();
      Exponentials.BEST.swiGlu(gateUp, 0, gateUp, width, inner.values(), 0, width);
      multiply(layer.down(), inner, update, observer);
      add();
    }
    if (logits != null) {
      head(observer, logits);
    }
  }

  /** The logits of one token of a batch, from the last layer's output. */
  void head(Panels batch, int token, LayerObserver observer, float[] logits) {
    batch.get(token, x, 0);
    head(observer, logits);
  }

  private void head(LayerObserver observer, float[] logits) {
    norm(network.outputNorm());
    multiply(network.head(), normed, logits, observer);
  }

  private void multiply(Network.Linear linear, Input in, float[] out, LayerObserver observer) {
    if (observer != null) {
      observer.accept(linear.weight(), 1, in.values());
    }
    Matrix matrix = linear.matrix();
    in.ready(matrix, activations == Activations.INT8);
    workers.split(matrix.rows(), 16, (from, to, worker) -> matrix.multiply(from, to, in, out, 0));
  }

  /** {@code normed = x / sqrt(mean(x²) + ε) · weight}. */
  private void norm(float[] weight) {
    Rows.BEST.multiply(x, 1, x.length, x, 0, 1, square, 0);
    float scale = (float) (1 / Math.sqrt(square[0] / x.length + config.rmsEpsilon()));
    float[] out = normed.values();
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * scale * weight[i];
    }
  }

  private void add() {
    for (int i = 0; i < x.length; i++) {
      x[i] += update[i];
    }
  }

  /** Rotates queries and keys, and stores keys and values. */
  private void rotate(int position, HeadStore keys, HeadStore values) {
    int size = config.headSize();
    int half = config.rotarySize() / 2;
    int firstValue = config.heads() + config.kvHeads();
    for (int head = 0; head < firstValue; head++) {
      for (int i = head * size; i < head * size + half; i++) {
        float a = qkv[i];
        float b = qkv[i + half];
        int pair = i - head * size;
        qkv[i] = a * cos[pair] - b * sin[pair];
        qkv[i + half] = b * cos[pair] + a * sin[pair];
      }
    }
    for (int head = 0; head < config.kvHeads(); head++) {
      keys.write(head, position, qkv, (config.heads() + head) * size, 1);
      values.write(head, position, qkv, (firstValue + head) * size, 1);
    }
  }
}
