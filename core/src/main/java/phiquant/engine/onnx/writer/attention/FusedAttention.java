package phiquant.engine.onnx.writer.attention;

import java.util.List;
import java.util.Optional;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Attention;
import phiquant.model.Linear;
import phiquant.model.PhiConfig;

/**
 * Attention as one operator that takes queries, keys and values as a single matrix product and
 * turns them itself: what the CPU, CUDA (16 bits) and WebGPU have.
 *
 * @param sparse which positions layers leave out, if some do
 */
public record FusedAttention(
    Graph graph,
    MatMuls matMuls,
    PhiConfig config,
    Cache cache,
    Lengths lengths,
    RotaryTables rotary,
    Optional<SparseLayout> sparse)
    implements SelfAttention {

  @Override
  public Value of(int layer, Value x, Attention attention) {
    Linear qkv = attention.qkv();
    String path = OperatorNames.attention(layer);
    Value packed = matMuls.of(qkv.place(), x, qkv.matrix(), qkv.bias());
    Op op =
        attention.blocks().isPresent()
            ? SparseLayout.op(graph, path, config, attention)
            : grouped(graph, path, config, attention, true);
    op.in(packed, null, null, cache.past(layer, "key"), cache.past(layer, "value"));
    if (attention.blocks().isPresent()) {
      SparseLayout layout = sparse.orElseThrow();
      op.in(layout.rows(), layout.columns(), lengths.total(), layout.lengths());
      op.in(rotary.cos(), rotary.sin());
    } else {
      op.in(lengths.last(), lengths.total(), rotary.cos(), rotary.sin(), null, null, null);
    }
    List<String> shape =
        Value.dims("batch_size", "sequence_length", config.heads() * config.headSize());
    Value attended = op.out(x.type(), shape);
    cache.present(op, layer, "key");
    cache.present(op, layer, "value");
    return attended;
  }

  /** The operator with its attributes; {@code rotates}: whether it turns queries and keys. */
  static Op grouped(
      Graph graph, String path, PhiConfig config, Attention attention, boolean rotates) {
    return graph
        .op(Graph.MICROSOFT, "GroupQueryAttention", path + "/GroupQueryAttention")
        .with("num_heads", config.heads())
        .with("kv_num_heads", config.kvHeads())
        .with("scale", (float) attention.scale(config.headSize()))
        .with("local_window_size", window(config))
        .with("softcap", 0f)
        .with("do_rotary", rotates ? 1 : 0)
        .with("rotary_interleaved", 0);
  }

  /** How many tokens attention sees, the newest included; -1: all. */
  static long window(PhiConfig config) {
    return config.slidingWindow().filter(w -> w < config.contextLength()).orElse(-1);
  }
}
