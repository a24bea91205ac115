package phiquant.run;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
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
import phiquant.model.Weight;
import phiquant.run.PanelTerm.Features;
import phiquant.run.PanelTerm.Product;
import phiquant.run.attention.HeadStore;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.PanelAttention;
import phiquant.run.attention.Rope;
import phiquant.run.floats.Activated;
import phiquant.run.floats.LayerNormalization;
import phiquant.run.floats.RootMeanSquare;
import phiquant.run.matrix.Panels;

/**
 * The network's verbs for many tokens at once: a prompt, or a text that is measured. Tokens lie in
 * the lanes of {@link Panels} from the embedding to the logits. A product that is added to the
 * stream is accumulated into it: until a verb takes it, it is not computed.
 */
final class PanelFlow implements Flow<PanelTerm> {
  private static final int WIDTH = Panels.WIDTH;

  /** Panels whose logits are computed together: a vocabulary is wide. */
  private static final int HEAD_PANELS = 4;

  private final Network network;
  private final Kernels kernels;
  private final PhiConfig config;
  private final Rope rope;
  private final Workers workers;
  private final PanelProducts products;
  private final PanelAttention seeing;
  private final SequencesAttention apart;
  private final PictureRows pictures;

  /** What products, norms, attention and gates give: each is needed no longer than its layer. */
  private final Map<Role, Panels> results = new EnumMap<>(Role.class);

  private int[] ids;
  private int from;
  private int count;
  private KvCache cache;

  /** Of each token its own sequence; null where all are of one. */
  private KvCache[] sequences;

  private LayerObserver observer;
  private Panels cos;
  private Panels sin;
  private Panels attended;
  private Panels gated;

  /** Of texts alone. */
  PanelFlow(
      Network network,
      Kernels kernels,
      PhiConfig config,
      Rope rope,
      Workers workers,
      Activations activations) {
    this(network, kernels, config, rope, workers, activations, new PictureRows());
  }

  PanelFlow(
      Network network,
      Kernels kernels,
      PhiConfig config,
      Rope rope,
      Workers workers,
      Activations activations,
      PictureRows pictures) {
    this.pictures = pictures;
    this.network = network;
    this.kernels = kernels;
    this.config = config;
    this.rope = rope;
    this.workers = workers;
    this.products = new PanelProducts(workers, activations);
    this.seeing = new PanelAttention(config, workers.count());
    this.apart = new SequencesAttention(config, workers, seeing);
  }

  /**
   * Takes tokens {@code ids[from .. from + count)} into the cache, which has room for them.
   *
   * @return the last layer's output, before the output norm
   */
  Panels run(int[] ids, int from, int count, KvCache cache, LayerObserver observer) {
    begin(ids, from, count, cache, observer);
    Panels stream = panels(network.stream(this));
    results.clear();
    return stream;
  }

  /**
   * Takes one token into each of several sequences of the same length, whose caches have room for
   * it: weights are read once for all.
   *
   * @return the last layer's output, a token for each sequence
   */
  Panels step(int[] ids, KvCache[] caches) {
    sequences = caches;
    try {
      return run(ids, 0, ids.length, caches[0], null);
    } finally {
      sequences = null;
    }
  }

  /** One layer alone: what the stream of so many tokens becomes, which may take its memory. */
  Panels layer(int layer, Panels stream, KvCache cache, LayerObserver observer) {
    begin(stream.tokens(), cache, observer);
    Panels next = panels(network.blocks().get(layer).of(new Features(stream), layer, this));
    results.clear();
    return next;
  }

  /** What verbs of this make of features; to look up tokens, or attend, it is made ready. */
  Panels pass(Panels in, UnaryOperator<PanelTerm> verbs) {
    Panels out = panels(verbs.apply(new Features(in)));
    results.clear();
    return out;
  }

  /** Shows what would be multiplied with the head, and multiplies nothing. */
  void beforeHead(Panels stream, LayerObserver observer) {
    this.observer = observer;
    show(network.head(), panels(norm(network.outputNorm(), new Features(stream))));
    results.clear();
  }

  /**
   * Makes ready for the tokens {@code ids[from .. from + count)}, which follow those in the cache.
   */
  void begin(int[] ids, int from, int count, KvCache cache, LayerObserver observer) {
    this.ids = ids;
    this.from = from;
    begin(count, cache, observer);
  }

  /** Makes ready for so many tokens. */
  void begin(int count, KvCache cache, LayerObserver observer) {
    this.count = count;
    this.cache = cache;
    this.observer = observer;
    cos = new Panels(config.rotarySize() / 2, count);
    sin = new Panels(config.rotarySize() / 2, count);
    for (int t = 0; t < count; t++) {
      int p = t / WIDTH;
      int position = cache.length() + (sequences == null ? t : 0);
      rope.angles(position, cache.longFactors(), cos.panel(p), sin.panel(p), t % WIDTH, WIDTH);
    }
    attended = new Panels(config.heads() * config.headSize(), count);
    gated = gated(count);
  }

  /** Logits after every token of a run. */
  void logits(Panels x, int index, LayerObserver observer, LogitsSink sink) {
    this.observer = observer;
    float[] logits = new float[config.vocabulary()];
    for (int p = 0; p < x.count(); p += HEAD_PANELS) {
      int first = p * WIDTH;
      Panels some = x.slice(p, Math.min(x.count(), p + HEAD_PANELS));
      Panels out = panels(network.logits(new Features(some), this));
      for (int t = 0; t < some.tokens(); t++) {
        out.get(t, logits, 0);
        sink.accept(index + first + t, logits);
      }
      results.clear();
    }
  }

  @Override
  public PanelTerm embed(Weight table) {
    Panels x = new Panels(config.hidden(), count);
    float[] row = new float[config.hidden()];
    for (int t = 0; t < count; t++) {
      pictures.read(ids[from + t], table.tensor(), row);
      x.put(t, row, 0);
    }
    return new Features(x);
  }

  @Override
  public PanelTerm norm(Norm norm, PanelTerm in) {
    Panels x = panels(in);
    Panels out = result(norm.weight().role(), x.features(), x.tokens());
    Runnable normalize = () -> each(x, p -> norm(norm, x.panel(p), out.panel(p)));
    normalize.run();
    return new Features(out, normalize);
  }

  private void norm(Norm norm, float[] x, float[] out) {
    float[] weight = kernels.of(norm);
    switch (norm.kind()) {
      case ROOT_MEAN_SQUARE -> RootMeanSquare.of(x, WIDTH, weight, norm.epsilon(), out);
      case LAYER ->
          LayerNormalization.of(x, WIDTH, weight, kernels.bias(norm), norm.epsilon(), out);
    }
  }

  @Override
  public PanelTerm linear(Linear linear, PanelTerm x) {
    return new Product(linear, features(x));
  }

  @Override
  public PanelTerm head(Linear head, PanelTerm x) {
    return linear(head, x);
  }

  @Override
  public PanelTerm add(PanelTerm stream, PanelTerm branch) {
    Panels sum = panels(stream);
    switch (branch) {
      case Product product -> accumulate(product, sum);
      case Features y -> each(sum, p -> add(sum.panel(p), y.panels().panel(p)));
    }
    return new Features(sum);
  }

  @Override
  public PanelTerm activate(Activation activation, PanelTerm in) {
    Panels x = panels(in);
    Panels out = activation == Activation.GELU ? x : gated;
    int size = x.features() * WIDTH;
    each(x, p -> Activated.of(activation, x.panel(p), out.panel(p), size));
    return new Features(out);
  }

  private static void add(float[] stream, float[] branch) {
    for (int i = 0; i < stream.length; i++) {
      stream[i] += branch[i];
    }
  }

  @Override
  public PanelTerm gate(Mlp mlp, PanelTerm in) {
    Panels gateUp = panels(in);
    gated = gated(gateUp.tokens());
    int size = config.feedForward() * WIDTH;
    each(gateUp, p -> Activated.gate(mlp.gate(), gateUp.panel(p), WIDTH, gated.panel(p), size));
    return new Features(gated);
  }

  private Panels gated(int tokens) {
    return gated != null && gated.tokens() == tokens
        ? gated
        : new Panels(config.feedForward(), tokens);
  }

  /** One expert after the other, each with its tokens. */
  @Override
  public PanelTerm experts(Experts experts, PanelTerm in, PanelTerm scores) {
    TokensByExpert routes = TokensByExpert.of(experts.mixer(), panels(scores));
    Panels x = features(in).unrounded();
    Panels sums = new Panels(x.features(), x.tokens());
    for (int e = 0; e < experts.all().size(); e++) {
      if (routes.has(e)) {
        Features some = new Features(routes.take(e, x));
        routes.add(e, panels(experts.all().get(e).of(some, this)), sums);
      }
    }
    return new Features(sums);
  }

  @Override
  public PanelTerm attend(Attention attention, PanelTerm in, int layer) {
    Panels qkv = panels(in);
    int position = cache.length();
    HeadStore keys = cache.keys(layer);
    HeadStore values = cache.values(layer);
    each(qkv, p -> seeing.rotate(qkv.panel(p), cos.panel(p), sin.panel(p)));
    if (sequences != null) {
      apart.attend(attention, qkv, layer, sequences, attended);
      return new Features(attended);
    }
    for (int t = 0; t < count; t++) {
      seeing.store(qkv, t, position + t, keys, values);
    }
    workers.run(
        config.kvHeads() * qkv.count(),
        1,
        (first, last, worker) -> {
          for (int j = first; j < last; j++) {
            int head = j % config.kvHeads();
            int p = j / config.kvHeads();
            seeing.attend(
                attention,
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
    return new Features(attended);
  }

  /** The numbers, which a product is computed for. */
  Panels panels(PanelTerm term) {
    return features(term).panels();
  }

  private Features features(PanelTerm term) {
    return switch (term) {
      case Features features -> features;
      case Product product -> {
        Linear linear = product.linear();
        int tokens = product.x().panels().tokens();
        Panels out = result(linear.role(), kernels.of(linear).rows(), tokens);
        each(out, p -> Arrays.fill(out.panel(p), 0));
        accumulate(product, out);
        yield new Features(out);
      }
    };
  }

  private Panels result(Role role, int features, int tokens) {
    Panels known = results.get(role);
    if (known == null || known.tokens() != tokens) {
      known = new Panels(features, tokens);
      results.put(role, known);
    }
    return known;
  }

  /** {@code y += W · x + b}, the inputs rounded first as the engine does. */
  private void accumulate(Product product, Panels y) {
    Panels x = product.x().unrounded();
    float[] bias = kernels.bias(product.linear());
    if (bias != null) {
      each(y, p -> y.addToEach(p, bias));
    }
    show(product.linear(), x);
    product.x().rounded(products.rounds());
    products.add(kernels.of(product.linear()), x, y);
  }

  private void show(Linear linear, Panels x) {
    if (observer != null) {
      float[] rows = new float[Math.multiplyExact(x.tokens(), x.features())];
      each(x, p -> x.toRows(p, rows));
      linear.weights().forEach(weight -> observer.accept(weight, x.tokens(), rows));
    }
  }

  private void each(Panels x, IntConsumer task) {
    products.each(x, task);
  }
}
