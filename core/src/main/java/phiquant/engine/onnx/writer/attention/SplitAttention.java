package phiquant.engine.onnx.writer.attention;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Attention;
import phiquant.model.Linear;
import phiquant.model.PhiConfig;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * Queries, keys and values by a product each and turned by an operator each, because DirectML's
 * attention takes them so.
 *
 * @param positions of the new tokens in the tables, i64 of shape [batch, sequence]
 */
public record SplitAttention(
    Graph graph,
    MatMuls matMuls,
    PhiConfig config,
    Cache cache,
    Lengths lengths,
    RotaryTables rotary,
    Value positions)
    implements SelfAttention {

  /** The three parts; queries and keys are turned. */
  record Parts(Value queries, Value keys, Value values) {}

  @Override
  public Value of(int layer, Value x, Attention attention) {
    String path = OperatorNames.attention(layer);
    Parts parts = parts(layer, x, attention.qkv());
    Op op =
        FusedAttention.grouped(graph, path, config, attention, false)
            .in(parts.queries(), parts.keys(), parts.values())
            .in(cache.past(layer, "key"), cache.past(layer, "value"))
            .in(lengths.last(), lengths.total(), null, null, null, null, null);
    Value attended = op.out(x.type(), parts.queries().shape());
    cache.present(op, layer, "key");
    cache.present(op, layer, "value");
    return attended;
  }

  Parts parts(int layer, Value x, Linear qkv) {
    String path = OperatorNames.attention(layer);
    long queries = (long) config.heads() * config.headSize();
    long keys = (long) config.kvHeads() * config.headSize();
    Value q = product(Role.QUERY, x, qkv, 0, queries);
    Value k = product(Role.KEY, x, qkv, queries, keys);
    Value v = product(Role.VALUE, x, qkv, queries + keys, keys);
    return new Parts(
        rotate(path + "/q_rotary", q, config.heads()),
        rotate(path + "/k_rotary", k, config.kvHeads()),
        v);
  }

  /** One of the three: a weight of its own, or some rows of the one that there is. */
  private Value product(Role role, Value x, Linear qkv, long first, long rows) {
    Place place = new Place(role, qkv.layer());
    StoredTensor whole = qkv.matrix();
    if (qkv.weights().size() == 1) {
      return matMuls.of(place, x, new RowSlice(whole.name(), whole, first, rows));
    }
    int part = Role.QKV.parts().indexOf(role);
    Optional<StoredTensor> bias = qkv.biases().stream().skip(part).map(Weight::tensor).findFirst();
    return matMuls.of(place, x, qkv.weights().get(part).tensor(), bias);
  }

  private Value rotate(String path, Value x, int heads) {
    boolean partial = config.rotarySize() < config.headSize();
    return graph
        .op(Graph.MICROSOFT, "RotaryEmbedding", path + "/RotaryEmbedding")
        .in(x, positions, rotary.cos(), rotary.sin())
        .with("interleaved", 0)
        .with("num_heads", partial ? heads : 0)
        .with("rotary_embedding_dim", partial ? config.rotarySize() : 0)
        .out(x.type(), List.copyOf(x.shape()));
  }
}
