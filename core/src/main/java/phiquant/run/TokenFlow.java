package phiquant.run;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Gate;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.SparseMixer;
import phiquant.model.Weight;
import phiquant.run.attention.HeadStore;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.Rope;
import phiquant.run.attention.TokenAttention;
import phiquant.run.floats.Exponentials;
import phiquant.run.floats.GeGelu;
import phiquant.run.floats.LayerNormalization;
import phiquant.run.floats.Rows;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;

/**
 * The network's verbs for one token that follows a cache: every matrix is read once from memory,
 * its rows spread over the threads. What a verb gives lies in memory that the next layer uses
 * again, so nothing is allocated for a token.
 */
final class TokenFlow implements Flow<TokenFlow.Features> {
  private final Network network;
  private final Kernels kernels;
  private final PhiConfig config;
  private final Rope rope;
  private final Workers workers;
  private final Activations activations;
  private final TokenAttention seeing;

  private final Features stream;
  private final Features attended;
  private final Features gated;
  private final Features mixed;
  private final int[] chosen = new int[SparseMixer.CHOSEN];
  private final float[] shares = new float[SparseMixer.CHOSEN];
  private final Features logits = new Features(null, null);

  /** What products and norms give, by what they do: each is needed no longer than for its layer. */
  private final Map<Role, Features> results = new EnumMap<>(Role.class);

  private final float[] square = new float[1];
  private final float[] cos;
  private final float[] sin;

  // What the threads take, made once: a token has hundreds of these steps.
  private final Product product = new Product();
  private final Heads seen = new Heads();

  private int token;
  private KvCache cache;
  private LayerObserver observer;

  /** One token's numbers; with an input around them where a matrix is multiplied with them. */
  static final class Features {
    private final Input input;
    private float[] values;

    /** Where a norm's numbers come from, to make them again for a second product. */
    private Norm norm;

    private Features source;
    private boolean rounded;

    private Features(Input input, float[] values) {
      this.input = input;
      this.values = values;
    }

    static Features plain(int length) {
      return new Features(null, new float[length]);
    }

    static Features factor(int length) {
      Input input = new Input(length);
      return new Features(input, input.values());
    }
  }

  /** Rows of {@code out = W · in}. */
  private static final class Product implements Workers.Part {
    private Matrix matrix;
    private Input in;
    private float[] out;

    @Override
    public void run(int from, int to, int worker) {
      matrix.multiply(from, to, in, out, 0);
    }
  }

  /** Key and value heads of a layer's attention. */
  private final class Heads implements Workers.Part {
    private Attention attention;
    private float[] qkv;
    private HeadStore keys;
    private HeadStore values;
    private int position;

    @Override
    public void run(int from, int to, int worker) {
      for (int head = from; head < to; head++) {
        seeing.attend(attention, head, qkv, keys, values, position, attended.values, worker);
      }
    }
  }

  TokenFlow(
      Network network,
      Kernels kernels,
      PhiConfig config,
      Rope rope,
      Workers workers,
      Activations activations) {
    this.network = network;
    this.kernels = kernels;
    this.config = config;
    this.rope = rope;
    this.workers = workers;
    this.activations = activations;
    this.seeing = new TokenAttention(config, workers.count());
    stream = Features.plain(config.hidden());
    attended = Features.factor(config.heads() * config.headSize());
    gated = Features.factor(config.feedForward());
    mixed = Features.plain(config.hidden());
    cos = new float[config.rotarySize() / 2];
    sin = new float[config.rotarySize() / 2];
  }

  /**
   * Takes one token into the cache, which has room for it.
   *
   * @param out receives one number for each token of the vocabulary; null if nobody wants them
   */
  void run(int token, KvCache cache, LayerObserver observer, float[] out) {
    this.token = token;
    this.cache = cache;
    this.observer = observer;
    rope.angles(cache.length(), cache.longFactors(), cos, sin, 0, 1);
    Features last = network.stream(this);
    if (out != null) {
      logits.values = out;
      network.logits(last, this);
    }
  }

  /** The logits of one token of a batch, from the last layer's output. */
  void logits(Panels batch, int token, LayerObserver observer, float[] out) {
    this.observer = observer;
    batch.get(token, stream.values, 0);
    logits.values = out;
    network.logits(stream, this);
  }

  @Override
  public Features embed(Weight table) {
    table.tensor().read(token, 1, stream.values, 0);
    return stream;
  }

  @Override
  public Features norm(Norm norm, Features in) {
    Features out = result(norm.weight().role(), in.values.length, true);
    out.norm = norm;
    out.source = in;
    normalize(out);
    return out;
  }

  private void normalize(Features out) {
    float[] x = out.source.values;
    Norm norm = out.norm;
    float[] weight = kernels.of(norm);
    out.rounded = false;
    if (norm.kind() == Norm.Kind.LAYER) {
      LayerNormalization.of(x, 1, weight, kernels.bias(norm), norm.epsilon(), out.values);
      return;
    }
    Rows.BEST.multiply(x, 1, x.length, x, 0, 1, square, 0);
    float scale = (float) (1 / Math.sqrt(square[0] / x.length + norm.epsilon()));
    float[] values = out.values;
    for (int i = 0; i < x.length; i++) {
      values[i] = x[i] * scale * weight[i];
    }
  }

  @Override
  public Features linear(Linear linear, Features in) {
    return multiply(linear, in, result(linear.role(), kernels.of(linear).rows(), false));
  }

  @Override
  public Features head(Linear head, Features in) {
    return multiply(head, in, logits);
  }

  private Features multiply(Linear linear, Features in, Features out) {
    if (in.rounded && in.norm != null) {
      normalize(in); // A parallel block's second product of it.
    }
    if (observer != null) {
      linear.weights().forEach(weight -> observer.accept(weight, 1, in.values));
    }
    Matrix matrix = kernels.of(linear);
    in.input.ready(matrix, activations == Activations.INT8);
    in.rounded = activations == Activations.INT8;
    product.matrix = matrix;
    product.in = in.input;
    product.out = out.values;
    workers.split(matrix.rows(), 16, product);
    float[] bias = kernels.bias(linear);
    if (bias != null) {
      add(bias, out.values);
    }
    return out;
  }

  @Override
  public Features attend(Attention attention, Features qkv, int layer) {
    seen.attention = attention;
    seen.qkv = qkv.values;
    seen.keys = cache.keys(layer);
    seen.values = cache.values(layer);
    seen.position = cache.length();
    rotate(seen.qkv, seen.position, seen.keys, seen.values);
    workers.run(config.kvHeads(), 1, seen);
    return attended;
  }

  /** Rotates queries and keys, and stores keys and values. */
  private void rotate(float[] qkv, int position, HeadStore keys, HeadStore values) {
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

  @Override
  public Features gate(Mlp mlp, Features gateUp) {
    int width = gated.values.length;
    float[] both = gateUp.values;
    switch (mlp.gate()) {
      case Gate.SwiGlu unused ->
          Exponentials.BEST.swiGlu(both, 0, both, width, gated.values, 0, width);
      case Gate.GeGelu gate -> GeGelu.of(both, 1, (float) gate.limit(), gated.values);
    }
    return gated;
  }

  /** Reads the matrices of the chosen experts alone. */
  @Override
  public Features experts(Experts experts, Features x, Features scores) {
    experts.mixer().choose(scores.values, chosen, shares);
    Arrays.fill(mixed.values, 0);
    for (int i = 0; i < chosen.length; i++) {
      float[] out = experts.all().get(chosen[i]).of(x, this).values;
      for (int k = 0; k < out.length; k++) {
        mixed.values[k] += shares[i] * out[k];
      }
    }
    return mixed;
  }

  @Override
  public Features activate(Activation activation, Features x) {
    switch (activation) {
      case GELU_TANH -> Exponentials.BEST.gelu(x.values, 0, gated.values, 0, gated.values.length);
    }
    return gated;
  }

  @Override
  public Features add(Features stream, Features branch) {
    add(branch.values, stream.values);
    return stream;
  }

  /** {@code x += update}. */
  private static void add(float[] update, float[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] += update[i];
    }
  }

  private Features result(Role role, int length, boolean factor) {
    Features known = results.get(role);
    if (known == null) {
      known = factor ? Features.factor(length) : Features.plain(length);
      results.put(role, known);
    }
    return known;
  }
}
