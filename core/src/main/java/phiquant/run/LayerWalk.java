package phiquant.run;

import java.util.function.IntConsumer;
import phiquant.UserError;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.attention.Rope;
import phiquant.run.matrix.Panels;

/**
 * A model taken layer by layer: a whole text, cut into sequences, passes one layer before the next,
 * so that each weight is read once however long the text is. Nothing is rounded that the file has
 * not rounded. For one caller at a time.
 */
public final class LayerWalk implements AutoCloseable {
  private final PhiModel model;
  private final Network network;
  private final PhiConfig config;
  private final Workers workers;
  private final PanelFlow panels;

  /** Keys and values of the sequence and layer at hand. */
  private final KvCache cache;

  /**
   * Reads headers, norms and biases only.
   *
   * @param length most tokens of a sequence, which the model was made for
   */
  public LayerWalk(PhiModel model, int length, int threads) {
    this.model = model;
    this.network = model.network();
    this.config = model.config();
    Rope rope = new Rope(config, LongRopeRule.CHECKPOINT);
    this.workers = new Workers(threads);
    this.panels =
        new PanelFlow(network, new Kernels(network), config, rope, workers, Activations.F32);
    this.cache = new KvCache(config, length, CacheType.F32);
    this.cache.longFactors(rope.isLong(length, length));
  }

  /** How many layers there are. */
  public int layers() {
    return config.layers();
  }

  /** Features of a token between layers. */
  public int hidden() {
    return config.hidden();
  }

  /**
   * What goes into the first layer.
   *
   * @return {@code [tokens, hidden]}
   */
  public float[] embed(int[] tokens) {
    float[] stream = new float[Math.multiplyExact(tokens.length, config.hidden())];
    Weight table = network.embedding();
    for (int t = 0; t < tokens.length; t++) {
      table.tensor().read(tokens[t], 1, stream, t * config.hidden());
    }
    return stream;
  }

  /**
   * Takes a sequence through one layer.
   *
   * @param stream {@code [tokens, hidden]}: what goes in, and then what comes out
   * @param observer sees the inputs of the layer's matrices
   * @throws UserError naming a weight of the layer that is NaN or infinite
   */
  public void pass(int layer, float[] stream, LayerObserver observer) {
    Panels x = panels(stream);
    cache.truncate(0);
    cache.reserve(x.tokens());
    Panels y = panels.layer(layer, x, cache, observer);
    each(y, p -> y.toRows(p, stream));
    Sound.require(stream, model);
  }

  /** Takes a sequence through one layer, and shows what every verb gives. */
  public void show(int layer, float[] stream, ValueObserver observer) {
    Panels x = panels(stream);
    cache.truncate(0);
    cache.reserve(x.tokens());
    panels.begin(x.tokens(), cache, null);
    SeenFlow flow = new SeenFlow(panels, observer);
    SeenFlow.Named y = network.blocks().get(layer).of(SeenFlow.unseen(x), layer, flow);
    Panels next = panels.panels(y.term());
    each(next, p -> next.toRows(p, stream));
    Sound.require(stream, model);
  }

  /** Shows what the last norm and the head make of the stream. */
  public void showLogits(float[] stream, ValueObserver observer) {
    network.logits(SeenFlow.unseen(panels(stream)), new SeenFlow(panels, observer));
  }

  /** Shows what the head would be multiplied with, after the last layer. */
  public void beforeHead(float[] stream, LayerObserver observer) {
    panels.beforeHead(panels(stream), observer);
  }

  /**
   * Logits after every token of a sequence.
   *
   * @param stream {@code [tokens, hidden]}: what comes out of the last layer
   */
  public void logits(float[] stream, LogitsSink each) {
    panels.logits(panels(stream), 0, null, each);
  }

  private Panels panels(float[] stream) {
    Panels x = new Panels(config.hidden(), stream.length / config.hidden());
    each(x, p -> x.fromRows(p, stream));
    return x;
  }

  private void each(Panels x, IntConsumer task) {
    workers.run(
        x.count(),
        1,
        (from, to, worker) -> {
          for (int p = from; p < to; p++) {
            task.accept(p);
          }
        });
  }

  @Override
  public void close() {
    workers.close();
  }
}
