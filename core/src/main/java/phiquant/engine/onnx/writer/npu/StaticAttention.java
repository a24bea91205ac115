package phiquant.engine.onnx.writer.npu;

import java.util.List;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;
import phiquant.model.PhiConfig;

/**
 * Attention with a cache of a fixed size, whose tokens come first, and the new ones behind it: a
 * mask says which of all those a token sees. New keys and values go out; the CPU puts them into the
 * cache, where it copies nothing else.
 */
final class StaticAttention implements FixedAttention {
  private static final ElementType TYPE = ElementType.FLOAT16;

  private final Graph graph;
  private final PhiConfig config;
  private final int context;
  private final Value cos;
  private final Value sin;
  private final Value mask;

  /** Declares the inputs that all layers share. */
  StaticAttention(Graph graph, PhiConfig config, int context) {
    this.graph = graph;
    this.config = config;
    this.context = context;
    List<String> turns = Value.dims(1, NpuGraphs.TOKENS, config.rotarySize() / 2);
    this.cos = graph.input(NpuGraphs.COS, TYPE, turns);
    this.sin = graph.input(NpuGraphs.SIN, TYPE, turns);
    this.mask = graph.input(NpuGraphs.MASK, TYPE, NpuGraphs.mask());
  }

  @Override
  public Value of(Attention attention, Value qkv, int layer) {
    String path = OperatorNames.attention(layer);
    int size = config.headSize();
    int heads = config.heads();
    int kvHeads = config.kvHeads();
    Op split =
        graph
            .op("Split", path + "/Split")
            .in(qkv, graph.i64s((long) heads * size, (long) kvHeads * size, (long) kvHeads * size))
            .with("axis", -1);
    Value q = split.out(path + "/q/output_0", TYPE, NpuGraphs.stream((long) heads * size));
    Value k = split.out(path + "/k/output_0", TYPE, NpuGraphs.stream((long) kvHeads * size));
    Value v = split.out(path + "/v/output_0", TYPE, NpuGraphs.stream((long) kvHeads * size));
    Value queries =
        turned(path + "/q", byHeads(path + "/q", q, heads), path + "/q/RotaryEmbedding/output_0");
    Value keys =
        turned(path + "/k", byHeads(path + "/k", k, kvHeads), NpuGraphs.fresh(layer, "key"));
    Value values = byHeads(path + "/v", v, kvHeads, NpuGraphs.fresh(layer, "value"));
    graph.output(keys);
    graph.output(values);
    Value attended =
        graph
            .op("Attention", path + "/Attention")
            .in(queries, all(layer, "key", keys), all(layer, "value", values), mask)
            .with("scale", (float) attention.scale(size))
            .out(TYPE, Value.dims(1, heads, NpuGraphs.TOKENS, size));
    Value byTokens =
        graph
            .op("Transpose", path + "/Transpose")
            .in(attended)
            .with("perm", List.of(0L, 2L, 1L, 3L))
            .out(TYPE, Value.dims(1, NpuGraphs.TOKENS, heads, size));
    return graph
        .op("Reshape", path + "/Reshape")
        .in(byTokens, graph.i64s(0, 0, (long) heads * size))
        .out(TYPE, NpuGraphs.stream((long) heads * size));
  }

  private Value byHeads(String path, Value x, int heads) {
    return byHeads(path, x, heads, path + "/Transpose/output_0");
  }

  /** Shape [1, heads, tokens, head size]. */
  private Value byHeads(String path, Value x, int heads, String output) {
    int size = config.headSize();
    Value apart =
        graph
            .op("Reshape", path + "/Reshape")
            .in(x, graph.i64s(0, 0, heads, size))
            .out(TYPE, Value.dims(1, NpuGraphs.TOKENS, heads, size));
    return graph
        .op("Transpose", path + "/Transpose")
        .in(apart)
        .with("perm", List.of(0L, 2L, 1L, 3L))
        .out(output, TYPE, Value.dims(1, heads, NpuGraphs.TOKENS, size));
  }

  private Value turned(String path, Value x, String output) {
    Op op =
        graph
            .op("RotaryEmbedding", path + "/RotaryEmbedding")
            .in(x, cos, sin)
            .with("interleaved", 0);
    if (config.rotarySize() < config.headSize()) {
      op.with("rotary_embedding_dim", config.rotarySize());
    }
    return op.out(output, TYPE, x.shape());
  }

  /** The cache with the new tokens behind it. */
  private Value all(int layer, String what, Value fresh) {
    List<String> cache = NpuGraphs.cache(config, context);
    Value past = graph.input(NpuGraphs.past(layer, what), TYPE, cache);
    return graph
        .op("Concat", OperatorNames.attention(layer) + "/" + what + "s/Concat")
        .in(past, fresh)
        .with("axis", 2)
        .out(TYPE, Value.dims(1, config.kvHeads(), NpuGraphs.SEEN, config.headSize()));
  }
}
