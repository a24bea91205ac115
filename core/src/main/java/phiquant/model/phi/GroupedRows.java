package phiquant.model.phi;

import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.model.PhiConfig;
import phiquant.model.Weight;

/**
 * Queries, keys and values in the order of Phi-3-small's checkpoints, of a tensor that has them as
 * networks do, all queries before the keys: for each key the queries that share it, the key, its
 * value. Source: {@code Phi3SmallSelfAttention} in its modeling_phi3_small.py.
 *
 * @param tensor shape [rows, columns], or [rows] of a bias
 * @param head rows of a query, key or value
 * @param queries that share a key
 * @param keys how many
 */
record GroupedRows(StoredTensor tensor, int head, int queries, int keys) implements ChangedTensor {
  static GroupedRows of(StoredTensor tensor, PhiConfig config) {
    int keys = config.kvHeads();
    return new GroupedRows(tensor, config.headSize(), config.heads() / keys, keys);
  }

  /** A checkpoint's weight by parts, in a network's order. */
  static List<Weight> sorted(Weight qkv, PhiConfig config) {
    if (qkv.tensor() instanceof GroupedRows grouped) {
      return List.of(new Weight(qkv.role(), qkv.layer(), qkv.bias(), grouped.tensor));
    }
    long head = config.headSize();
    long queries = config.heads() / config.kvHeads();
    List<Weight> rows = new ArrayList<>();
    for (long[] part : new long[][] {{0, queries}, {queries, 1}, {queries + 1, 1}}) {
      for (int k = 0; k < config.kvHeads(); k++) {
        long first = (k * (queries + 2) + part[0]) * head;
        RowSlice slice = new RowSlice(qkv.name(), qkv.tensor(), first, part[1] * head);
        rows.add(new Weight(qkv.role(), qkv.layer(), qkv.bias(), slice));
      }
    }
    return rows;
  }

  /** Which row of the tensor is that row here. */
  private long row(long grouped) {
    long group = grouped / ((queries + 2L) * head);
    long within = grouped / head % (queries + 2);
    long all = (long) queries * keys;
    long place =
        within < queries ? group * queries + within : all + (within - queries) * keys + group;
    return place * head + grouped % head;
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    if (shape().size() > 1) {
      int columns = Math.toIntExact(columns());
      int some;
      for (int i = 0; i < count; i += some) {
        some = (int) Math.min(count - i, head - (first + i) % head);
        tensor.read(row(first + i), some, out, at + i * columns);
      }
    } else if (count > 0) {
      float[] all = new float[Math.toIntExact(elements())];
      tensor.read(0, 1, all, 0);
      for (int i = 0; i < all.length; i++) {
        out[at + i] = all[Math.toIntExact(row(i))];
      }
    }
  }
}
