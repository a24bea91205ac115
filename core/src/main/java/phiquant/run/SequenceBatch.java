package phiquant.run;

import java.util.Arrays;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.attention.Rope;
import phiquant.run.matrix.Panels;

/**
 * Sequences that grow together, each by one token at a time: the weights are read once for all of
 * them. Nothing is rounded that the file has not rounded. For one caller at a time.
 */
public final class SequenceBatch implements AutoCloseable {
  private final PhiModel model;
  private final Workers workers;
  private final PanelFlow panels;
  private final KvCache[] caches;

  /**
   * Empty sequences.
   *
   * @param checkpoint stays open
   * @param count how many
   * @param length most tokens of each
   */
  public SequenceBatch(Checkpoint checkpoint, int count, int length, int threads) {
    this.model = Family.model(checkpoint);
    PhiConfig config = model.config();
    Network network = model.network();
    Rope rope = new Rope(config, LongRopeRule.CHECKPOINT);
    this.workers = new Workers(threads);
    this.panels =
        new PanelFlow(network, new Kernels(network), config, rope, workers, Activations.F32);
    this.caches = new KvCache[count];
    Arrays.setAll(caches, i -> new KvCache(config, length, CacheType.F32));
    Arrays.stream(caches).forEach(cache -> cache.longFactors(rope.isLong(length, length)));
  }

  /**
   * Appends a token to each sequence.
   *
   * @param tokens one for each
   * @param each receives, by the number of the sequence, the logits of what may follow
   * @throws UserError if they are no numbers
   */
  public void append(int[] tokens, LogitsSink each) {
    if (tokens.length != caches.length || caches[0].length() == caches[0].context()) {
      throw new IllegalArgumentException(
          "%d tokens for %d sequences, which are full at %d"
              .formatted(tokens.length, caches.length, caches[0].context()));
    }
    for (KvCache cache : caches) {
      cache.reserve(1);
    }
    Panels x = panels.step(tokens, caches);
    for (int i = 0; i < caches.length; i++) {
      caches[i].append(tokens, i, 1);
    }
    panels.logits(
        x,
        0,
        null,
        (sequence, logits) -> {
          Sound.require(logits, model);
          each.accept(sequence, logits);
        });
  }

  @Override
  public void close() {
    workers.close();
  }
}
