package phiquant.engine.onnx.writer.attention;

import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;
import phiquant.model.PhiConfig;

/**
 * Attention whose keys and values are repeated for every query head, cache included, because CUDA
 * has no grouped attention in 32 bits. The mask of padding goes in as it is.
 *
 * @param split the three products and the turning
 * @param mask i32 of shape [batch, past and new tokens]
 */
public record RepeatedAttention(
    Graph graph, PhiConfig config, Cache cache, SplitAttention split, Value mask)
    implements SelfAttention {

  @Override
  public Value of(int layer, Value x, Attention attention) {
    String path = OperatorNames.attention(layer);
    SplitAttention.Parts parts = split.parts(layer, x, attention.qkv());
    Op op =
        graph
            .op(Graph.MICROSOFT, "MultiHeadAttention", path + "/MultiHeadAttention")
            .in(parts.queries())
            .in(repeat(path + "/k_proj/repeat_kv", parts.keys()))
            .in(repeat(path + "/v_proj/repeat_kv", parts.values()))
            .in(null, mask, null)
            .in(cache.past(layer, "key"), cache.past(layer, "value"))
            .with("num_heads", config.heads())
            .with("scale", (float) attention.scale(config.headSize()))
            .with("unidirectional", 1);
    Value attended = op.out(x.type(), parts.queries().shape());
    cache.present(op, layer, "key");
    cache.present(op, layer, "value");
    return attended;
  }

  /** From [batch, sequence, kv heads · size] to [batch, sequence, heads · size]. */
  private Value repeat(String path, Value x) {
    int times = config.heads() / config.kvHeads();
    if (times == 1) {
      return x;
    }
    int size = config.headSize();
    Value apart =
        graph
            .op("Reshape", path + "/Reshape_1")
            .in(x, graph.i64s(0, 0, config.kvHeads(), 1, size))
            .out(x.type(), Value.dims("batch_size", "sequence_length", config.kvHeads(), 1, size));
    Value repeated =
        graph
            .op("Tile", path + "/Tile")
            .in(apart, graph.i64s(1, 1, 1, times, 1))
            .out(
                x.type(),
                Value.dims("batch_size", "sequence_length", config.kvHeads(), times, size));
    return graph
        .op("Reshape", path + "/Reshape_2")
        .in(repeated, graph.i64s(0, 0, (long) config.heads() * size))
        .out(x.type(), Value.dims("batch_size", "sequence_length", config.heads() * size));
  }
}
