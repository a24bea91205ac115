package phiquant.run;

import phiquant.model.Attention;
import phiquant.model.PhiConfig;
import phiquant.run.attention.HeadStore;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.PanelAttention;
import phiquant.run.attention.TokenAttention;
import phiquant.run.matrix.Panels;

/** Attention of tokens side by side that belong to different sequences: each looks at its own. */
final class SequencesAttention {
  private final PhiConfig config;
  private final Workers workers;
  private final PanelAttention stores;

  SequencesAttention(PhiConfig config, Workers workers, PanelAttention stores) {
    this.config = config;
    this.workers = workers;
    this.stores = stores;
  }

  /**
   * Adds token t of {@code qkv}, whose keys are rotated, to {@code sequences[t]}, and attends to
   * all that is there.
   *
   * @param attended receives what each token gets
   */
  void attend(Attention attention, Panels qkv, int layer, KvCache[] sequences, Panels attended) {
    TokenAttention each = new TokenAttention(config, workers.count());
    workers.run(
        sequences.length,
        1,
        (first, last, worker) -> {
          float[] own = new float[qkv.features()];
          float[] out = new float[attended.features()];
          for (int t = first; t < last; t++) {
            HeadStore keys = sequences[t].keys(layer);
            HeadStore values = sequences[t].values(layer);
            int position = sequences[t].length();
            stores.store(qkv, t, position, keys, values);
            qkv.get(t, own, 0);
            for (int head = 0; head < config.kvHeads(); head++) {
              each.attend(attention, head, own, keys, values, position, out, worker);
            }
            attended.put(t, out, 0);
          }
        });
  }
}
