package phiquant.run;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.SparseMixer;
import phiquant.model.Weight;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.Rope;
import phiquant.run.floats.Activated;
import phiquant.run.floats.LayerNormalization;
import phiquant.run.floats.Rows;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;

/**
 * The network's verbs for one token that follows a cache, or for one of each of several sequences:
 * every matrix is read once from memory for all of them, its rows spread over the threads, and each
 * token gets the numbers that it would get alone, to the last bit. What a verb gives lies in memory
 * that the next layer uses again, so nothing is allocated for a token.
 */
final class TokenFlow implements Flow<TokenFlow.Features> {
  private final Network network;
  private final Kernels kernels;
  private final PhiConfig config;
  private final Workers workers;
  private final Activations activations;
  private final TokenHeads heads;
  private final PictureRows pictures;

  private final Features stream;
  private final Features attended;
  private final Features gated;
  private final Features mixed;
  private final int[] chosen = new int[SparseMixer.CHOSEN];
  private final float[] shares = new float[SparseMixer.CHOSEN];

  /** What products and norms give, by what they do: each is needed no longer than for its layer. */
  private final Map<Role, Features> results = new EnumMap<>(Role.class);

  // What the threads take, made once: a token has hundreds of these steps.
  private final Product product = new Product();
  private final Normalize normalize = new Normalize();
  private final Ready ready = new Ready();
  private final Halves halves = new Halves();

  /** The tokens that verbs are for, {@code [first, last)}: all, or one with experts of its own. */
  private int first;

  private int last;
  private int[] tokens;
  private float[][] logits;
  private LayerObserver observer;

  // One token alone, without anything being made for it.
  private final int[] oneToken = new int[1];
  private final KvCache[] oneCache = new KvCache[1];
  private final float[][] oneLogits = new float[1][];

  /** Each token's numbers; with an input around them where a matrix is multiplied with them. */
  static final class Features {
    private final int length;
    private final boolean factor;
    private Input[] inputs = {};
    private float[][] values = {};

    /** Where a norm's numbers come from, to make them again for a second product. */
    private Norm norm;

    private Features source;
    private boolean rounded;

    private Features(int length, boolean factor) {
      this.length = length;
      this.factor = factor;
    }

    /** With room for so many tokens at least. */
    Features room(int tokens) {
      if (values.length < tokens) {
        int known = values.length;
        values = Arrays.copyOf(values, tokens);
        inputs = Arrays.copyOf(inputs, tokens);
        for (int t = known; t < tokens; t++) {
          inputs[t] = factor ? new Input(length) : null;
          values[t] = factor ? inputs[t].values() : new float[length];
        }
      }
      return this;
    }
  }

  /** Rows of {@code out = W · in}. */
  private final class Product implements Workers.Part {
    private Matrix matrix;
    private Input[] in;
    private float[][] out;

    @Override
    public void run(int from, int to, int worker) {
      if (last - first == 1) {
        matrix.multiply(from, to, in[first], out[first], 0);
      } else {
        matrix.multiplyEach(from, to, in, last, out, 0);
      }
    }
  }

  /** Norms of tokens. */
  private final class Normalize implements Workers.Part {
    private Features out;

    @Override
    public void run(int from, int to, int worker) {
      for (int t = from; t < to; t++) {
        norm(out.norm, out.source.values[t], out.values[t]);
      }
    }
  }

  /** Tokens' inputs made ready for a matrix. */
  private final class Ready implements Workers.Part {
    private Matrix matrix;
    private Input[] in;

    @Override
    public void run(int from, int to, int worker) {
      for (int t = from; t < to; t++) {
        in[t].ready(matrix, activations == Activations.INT8);
      }
    }
  }

  /** Gates of tokens. */
  private final class Halves implements Workers.Part {
    private Mlp mlp;
    private float[][] both;

    @Override
    public void run(int from, int to, int worker) {
      for (int t = from; t < to; t++) {
        gate(mlp, both[t], gated.values[t]);
      }
    }
  }

  TokenFlow(
      Network network,
      Kernels kernels,
      PhiConfig config,
      Rope rope,
      Workers workers,
      Activations activations,
      PictureRows pictures) {
    this.network = network;
    this.kernels = kernels;
    this.config = config;
    this.workers = workers;
    this.activations = activations;
    this.pictures = pictures;
    this.heads = new TokenHeads(config, rope, workers);
    stream = new Features(config.hidden(), false);
    attended = new Features(config.heads() * config.headSize(), true);
    gated = new Features(config.feedForward(), true);
    mixed = new Features(config.hidden(), false);
  }

  /**
   * Takes one token into the cache, which has room for it.
   *
   * @param out receives one number for each token of the vocabulary; null if nobody wants them
   */
  void run(int token, KvCache cache, LayerObserver observer, float[] out) {
    oneToken[0] = token;
    oneCache[0] = cache;
    oneLogits[0] = out;
    run(oneToken, oneCache, 1, observer, out == null ? null : oneLogits);
  }

  /**
   * Takes one token into each of several caches, which have room for it.
   *
   * @param count how many of the arrays' first elements are meant
   * @param out receives what may follow each, as for one token
   */
  void run(int[] tokens, KvCache[] caches, int count, LayerObserver observer, float[][] out) {
    this.tokens = tokens;
    this.observer = observer;
    begin(count);
    heads.begin(caches, count);
    Features end = network.stream(this);
    if (out != null) {
      logits = out;
      network.logits(end, this);
    }
  }

  private void begin(int count) {
    first = 0;
    last = count;
    stream.room(count);
    attended.room(count);
    gated.room(count);
    mixed.room(count);
  }

  /** The logits of one token of a batch, from the last layer's output. */
  void logits(Panels batch, int token, LayerObserver observer, float[] out) {
    this.observer = observer;
    begin(1);
    batch.get(token, stream.values[0], 0);
    oneLogits[0] = out;
    logits = oneLogits;
    network.logits(stream, this);
  }

  /** Something for each token, on all threads where there are several. */
  private void each(Workers.Part part) {
    if (last - first == 1) {
      part.run(first, last, 0);
    } else {
      workers.run(last, 1, part);
    }
  }

  @Override
  public Features embed(Weight table) {
    for (int t = first; t < last; t++) {
      pictures.read(tokens[t], table.tensor(), stream.values[t]);
    }
    return stream;
  }

  @Override
  public Features norm(Norm norm, Features in) {
    Features out = result(norm.weight().role(), in.length, true);
    out.norm = norm;
    out.source = in;
    normalize(out);
    return out;
  }

  private void normalize(Features out) {
    out.rounded = false;
    normalize.out = out;
    each(normalize);
  }

  private void norm(Norm norm, float[] x, float[] out) {
    float[] weight = kernels.of(norm);
    if (norm.kind() == Norm.Kind.LAYER) {
      LayerNormalization.of(x, 1, weight, kernels.bias(norm), norm.epsilon(), out);
      return;
    }
    // The sum of squares is left where the norm will be.
    Rows.BEST.multiply(x, 1, x.length, x, 0, 1, out, 0);
    float scale = (float) (1 / Math.sqrt(out[0] / x.length + norm.epsilon()));
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * scale * weight[i];
    }
  }

  @Override
  public Features linear(Linear linear, Features in) {
    Features out = result(linear.role(), kernels.of(linear).rows(), false);
    multiply(linear, in, out.values);
    return out;
  }

  /** The logits are where they were asked for; nobody takes them from here. */
  @Override
  public Features head(Linear head, Features in) {
    multiply(head, in, logits);
    return in;
  }

  private void multiply(Linear linear, Features in, float[][] out) {
    if (in.rounded && in.norm != null) {
      normalize(in); // A parallel block's second product of it.
    }
    if (observer != null) {
      for (int t = first; t < last; t++) {
        float[] values = in.values[t];
        linear.weights().forEach(weight -> observer.accept(weight, 1, values));
      }
    }
    Matrix matrix = kernels.of(linear);
    ready.matrix = matrix;
    ready.in = in.inputs;
    each(ready);
    in.rounded = activations == Activations.INT8;
    product.matrix = matrix;
    product.in = in.inputs;
    product.out = out;
    workers.split(matrix.rows(), 16, product);
    float[] bias = kernels.bias(linear);
    if (bias != null) {
      for (int t = first; t < last; t++) {
        add(bias, out[t]);
      }
    }
  }

  @Override
  public Features attend(Attention attention, Features qkv, int layer) {
    heads.attend(attention, qkv.values, layer, attended.values);
    return attended;
  }

  @Override
  public Features gate(Mlp mlp, Features gateUp) {
    halves.mlp = mlp;
    halves.both = gateUp.values;
    each(halves);
    return gated;
  }

  private static void gate(Mlp mlp, float[] both, float[] out) {
    Activated.gate(mlp.gate(), both, 1, out, out.length);
  }

  /** Reads the matrices of the chosen experts alone; each token has its own. */
  @Override
  public Features experts(Experts experts, Features x, Features scores) {
    int from = first;
    int to = last;
    for (int t = from; t < to; t++) {
      first = t;
      last = t + 1;
      experts.mixer().choose(scores.values[t], chosen, shares);
      mix(experts, x, mixed.values[t]);
    }
    first = from;
    last = to;
    return mixed;
  }

  private void mix(Experts experts, Features x, float[] sum) {
    Arrays.fill(sum, 0);
    for (int i = 0; i < chosen.length; i++) {
      float[] out = experts.all().get(chosen[i]).of(x, this).values[first];
      for (int k = 0; k < out.length; k++) {
        sum[k] += shares[i] * out[k];
      }
    }
  }

  @Override
  public Features activate(Activation activation, Features x) {
    for (int t = first; t < last; t++) {
      float[] out = gated.values[t];
      Activated.of(activation, x.values[t], out, out.length);
    }
    return gated;
  }

  @Override
  public Features add(Features stream, Features branch) {
    for (int t = first; t < last; t++) {
      add(branch.values[t], stream.values[t]);
    }
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
      known = new Features(length, factor);
      results.put(role, known);
    }
    return known.room(last);
  }
}
