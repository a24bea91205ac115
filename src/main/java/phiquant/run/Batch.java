package phiquant.run;

import phiquant.model.PhiConfig;
import phiquant.run.matrix.CodeGemm;
import phiquant.run.matrix.Gemm;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.Rounding;
import phiquant.run.matrix.TokenCodes;

/**
 * The network for many tokens at once: a prompt, or a text that is measured. Tokens lie in the
 * lanes of {@link Panels} from the embedding to the logits.
 */
final class Batch {
  private static final int WIDTH = Panels.WIDTH;

  /** Panels whose logits are computed together: a vocabulary is wide. */
  private static final int HEAD_PANELS = 4;

  private final Network network;
  private final PhiConfig config;
  private final Rope rope;
  private final Workers workers;
  private final Activations activations;
  private final PanelAttention attention;
  private final float[][] scratch;
  private final CodeGemm[] integers;

  Batch(Network network, Rope rope, Workers workers, Activations activations) {
    this.network = network;
    this.config = network.config();
    this.rope = rope;
    this.workers = workers;
    this.activations = activations;
    this.attention = new PanelAttention(config, workers.count());
    this.scratch = new float[workers.count()][];
    this.integers = new CodeGemm[workers.count()];
    for (int i = 0; i < scratch.length; i++) {
      scratch[i] = Gemm.scratch();
    }
  }

  /**
   * Takes tokens {@code ids[from .. from + count)} into the cache, which has room for them.
   *
   * @return the last layer's output, before the output norm
   */
  Panels run(int[] ids, int from, int count, KvCache cache, LayerObserver observer) {
    int position = cache.length();
    Panels x = embed(ids, from, count);
    Panels normed = new Panels(config.hidden(), count);
    Panels cos = new Panels(config.rotarySize() / 2, count);
    Panels sin = new Panels(config.rotarySize() / 2, count);
    for (int t = 0; t < count; t++) {
      int p = t / WIDTH;
      rope.angles(position + t, cache.longFactors(), cos.panel(p), sin.panel(p), t % WIDTH, WIDTH);
    }
    Panels attended = new Panels(config.heads() * config.headSize(), count);
    Panels inner = new Panels(config.feedForward(), count);
    Panels qkv = new Panels(config.qkvRows(), count);
    Panels gateUp = new Panels(2 * config.feedForward(), count);
    for (int i = 0; i < network.layers().size(); i++) {
      Network.Layer layer = network.layers().get(i);
      HeadStore keys = cache.keys(i);
      HeadStore values = cache.values(i);
      norm(x, layer.attentionNorm(), normed);
      clear(qkv);
      add(layer.qkv(), normed, qkv, observer);
      each(x, p -> rotate(qkv.panel(p), cos.panel(p), sin.panel(p)));
      for (int t = 0; t < count; t++) {
        store(qkv, t, position + t, keys, values);
      }
      workers.run(
          config.kvHeads() * x.count(),
          1,
          (first, last, worker) -> {
            for (int j = first; j < last; j++) {
              int head = j % config.kvHeads();
              int p = j / config.kvHeads();
              attention.attend(
                  head,
                  qkv.panel(p),
                  keys,
                  values,
                  position + p * WIDTH,
                  position + count,
                  attended.panel(p),
                  worker);
            }
          });
      add(layer.output(), attended, x, observer);
      norm(x, layer.feedForwardNorm(), normed);
      clear(gateUp);
      add(layer.gateUp(), normed, gateUp, observer);
      int size = config.feedForward() * WIDTH;
      each(
          x,
          p ->
              Exponentials.BEST.swiGlu(
                  gateUp.panel(p), 0, gateUp.panel(p), size, inner.panel(p), 0, size));
      add(layer.down(), inner, x, observer);
    }
    return x;
  }

  /** Logits after every token of a run. */
  void logits(Panels x, int index, LayerObserver observer, LogitsSink sink) {
    float[] logits = new float[config.vocabulary()];
    for (int p = 0; p < x.count(); p += HEAD_PANELS) {
      int first = p * WIDTH;
      Panels some = x.slice(p, Math.min(x.count(), p + HEAD_PANELS));
      Panels normed = new Panels(config.hidden(), some.tokens());
      Panels out = new Panels(config.vocabulary(), some.tokens());
      norm(some, network.outputNorm(), normed);
      add(network.head(), normed, out, observer);
      for (int t = 0; t < some.tokens(); t++) {
        out.get(t, logits, 0);
        sink.accept(index + first + t, logits);
      }
    }
  }

  private Panels embed(int[] ids, int from, int count) {
    Panels x = new Panels(config.hidden(), count);
    float[] row = new float[config.hidden()];
    for (int t = 0; t < count; t++) {
      network.embedding().tensor().read(ids[from + t], 1, row, 0);
      x.put(t, row, 0);
    }
    return x;
  }

  /** {@code y += W · x}, the inputs rounded first as the engine does. */
  private void add(Network.Linear linear, Panels x, Panels y, LayerObserver observer) {
    if (observer != null) {
      float[] rows = new float[x.tokens() * x.features()];
      for (int t = 0; t < x.tokens(); t++) {
        x.get(t, rows, t * x.features());
      }
      observer.accept(linear.weight(), x.tokens(), rows);
    }
    Matrix w = linear.matrix();
    boolean rounded = activations == Activations.INT8 && !w.rounding().equals(Rounding.NONE);
    if (rounded && CodeGemm.takes(w, x)) {
      TokenCodes codes = x.codes();
      each(x, p -> w.rounding().roundPanel(x.panel(p), p, codes));
      run(w, (from, to, worker) -> integers(worker).add(w, from, to, codes, y));
      return;
    }
    if (rounded) {
      each(x, p -> w.rounding().roundPanel(x.panel(p)));
    }
    run(w, (from, to, worker) -> Gemm.add(w, from, to, x, y, scratch[worker]));
  }

  /** Made when it is first needed, which without the vector module it never is. */
  private CodeGemm integers(int worker) {
    if (integers[worker] == null) {
      integers[worker] = new CodeGemm();
    }
    return integers[worker];
  }

  private void run(Matrix w, Workers.Part part) {
    workers.run(w.rows(), Gemm.grain(), part);
  }

  private interface ForPanel {
    void run(int p);
  }

  private void each(Panels x, ForPanel task) {
    workers.run(
        x.count(),
        1,
        (from, to, worker) -> {
          for (int p = from; p < to; p++) {
            task.run(p);
          }
        });
  }

  private void clear(Panels x) {
    each(x, p -> java.util.Arrays.fill(x.panel(p), 0));
  }

  /** {@code out = x / sqrt(mean(x²) + ε) · weight}, for each token. */
  private void norm(Panels x, float[] weight, Panels out) {
    each(
        x,
        p -> {
          float[] in = x.panel(p);
          float[] scale = new float[WIDTH];
          for (int i = 0; i < in.length; i += WIDTH) {
            for (int t = 0; t < WIDTH; t++) {
              scale[t] += in[i + t] * in[i + t];
            }
          }
          for (int t = 0; t < WIDTH; t++) {
            scale[t] = (float) (1 / Math.sqrt(scale[t] / x.features() + config.rmsEpsilon()));
          }
          float[] to = out.panel(p);
          for (int k = 0, i = 0; k < weight.length; k++, i += WIDTH) {
            for (int t = 0; t < WIDTH; t++) {
              to[i + t] = in[i + t] * scale[t] * weight[k];
            }
          }
        });
  }

  /** Rotates queries and keys of a panel. */
  private void rotate(float[] qkv, float[] cos, float[] sin) {
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

  private void store(Panels qkv, int token, int position, HeadStore keys, HeadStore values) {
    float[] panel = qkv.panel(token / WIDTH);
    int lane = token % WIDTH;
    for (int head = 0; head < config.kvHeads(); head++) {
      int key = (config.heads() + head) * config.headSize();
      int value = key + config.kvHeads() * config.headSize();
      keys.write(head, position, panel, key * WIDTH + lane, WIDTH);
      values.write(head, position, panel, value * WIDTH + lane, WIDTH);
    }
  }
}
