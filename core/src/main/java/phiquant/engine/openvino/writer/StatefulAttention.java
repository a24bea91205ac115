package phiquant.engine.openvino.writer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.PhiConfig;

/**
 * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) with its cache as state of the
 * model: keys and values of earlier tokens are read, reordered by beam, extended and assigned back.
 * Written in the steps that OpenVINO's stateful attention fusion and its conversion to paged
 * attention recognize.
 */
final class StatefulAttention {
  private final Ir graph;
  private final Ops ops;
  private final PhiConfig config;
  private final RotaryEmbedding rotary;
  private final Out batch;
  private final Out beams;
  private final Out embedded;
  private Sequence sequence;

  /**
   * What the first layer finds out about lengths and all layers share.
   *
   * @param totalLength past and new tokens, shape [1]
   * @param mask added to the scores, shape [batch, 1, sequence, total length]
   */
  private record Sequence(Out totalLength, Out mask) {}

  private final Out attentionMask;

  /**
   * For all layers.
   *
   * @param batch the batch size, shape [1]
   * @param embedded the embedded tokens, for their number
   */
  StatefulAttention(
      Ir graph,
      Ops ops,
      PhiConfig config,
      RotaryEmbedding rotary,
      Out batch,
      Out beams,
      Out embedded,
      Out attentionMask) {
    this.graph = graph;
    this.ops = ops;
    this.config = config;
    this.rotary = rotary;
    this.batch = batch;
    this.beams = beams;
    this.embedded = embedded;
    this.attentionMask = attentionMask;
  }

  /**
   * One layer, without its projections.
   *
   * @param qkv queries, keys and values, each of shape [batch, sequence, its rows]; or the three
   *     fused
   * @return shape [batch, sequence, heads · head size]
   */
  Out of(int layer, List<Out> qkv) {
    long queryRows = (long) config.heads() * config.headSize();
    long keyRows = (long) config.kvHeads() * config.headSize();
    Out queries = rotary.rotate(heads(rows(qkv, 0, 0, queryRows), config.heads()));
    Out keys = rotary.rotate(heads(rows(qkv, 1, queryRows, keyRows), config.kvHeads()));
    Out values = heads(rows(qkv, 2, queryRows + keyRows, keyRows), config.kvHeads());

    Out pastKeys = past(layer, "key");
    Out allKeys = ops.concat(-2, pastKeys, keys);
    Out allValues = ops.concat(-2, past(layer, "value"), values);
    assign(layer, "key", allKeys);
    assign(layer, "value", allValues);
    if (sequence == null) {
      sequence = sequence(pastKeys);
    }
    Out attended =
        graph.op(
            "ScaledDotProductAttention",
            "opset13",
            Map.of("causal", "false"),
            Type.F32,
            queries,
            repeat(allKeys, allKeys),
            repeat(allValues, allKeys),
            sequence.mask(),
            graph.f32("", (float) (1 / Math.sqrt(config.headSize()))));
    return ops.reshape(ops.transpose(attended, 0, 2, 1, 3), true, 0, 0, queryRows);
  }

  private Out rows(List<Out> qkv, int part, long first, long count) {
    return qkv.size() == 1 ? ops.slice(qkv.getFirst(), first, first + count, 2) : qkv.get(part);
  }

  /** From [batch, sequence, heads · size] to [batch, heads, sequence, size]. */
  private Out heads(Out x, int heads) {
    return ops.transpose(ops.reshape(x, true, 0, 0, heads, config.headSize()), 0, 2, 1, 3);
  }

  private Out past(int layer, String what) {
    Out shape =
        ops.concat(
            0, batch, graph.i64s(config.kvHeads()), graph.i64s(0), graph.i64s(config.headSize()));
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("variable_id", variable(layer, what));
    attributes.put("variable_type", "f32");
    attributes.put("variable_shape", "?," + config.kvHeads() + ",?," + config.headSize());
    Out empty = ops.broadcast(graph.f32("", 0f), shape, "numpy");
    Out state = graph.op("ReadValue", "opset6", attributes, Type.F32, empty);
    return ops.gather(state, beams, graph.i64(0));
  }

  private void assign(int layer, String what, Out x) {
    graph.sink("Assign", "opset6", Map.of("variable_id", variable(layer, what)), true, x);
  }

  /** The name that optimum gives to a state and that tools look for. */
  private static String variable(int layer, String what) {
    return "past_key_values." + layer + "." + what + "present." + layer + "." + what;
  }

  /** Gives every query head its keys or values: [batch, kv heads, …] to [batch, heads, …]. */
  private Out repeat(Out x, Out keys) {
    int queriesPerKey = config.heads() / config.kvHeads();
    if (queriesPerKey == 1) {
      return x;
    }
    Out front = ops.gather(ops.shapeOf(keys), graph.i64s(0, 1), graph.i64(0));
    Out shape =
        ops.concat(
            0,
            front,
            graph.i64s(queriesPerKey),
            sequence.totalLength(),
            graph.i64s(config.headSize()));
    Out repeated = ops.broadcast(ops.unsqueeze(x, 2), shape, "bidirectional");
    return ops.reshape(repeated, true, 0, config.heads(), -1, config.headSize());
  }

  /** Which keys a query sees: those before it, within the window, that are not padding. */
  private Sequence sequence(Out pastKeys) {
    graph.scope("mask/");
    Out pastLength = ops.gather(ops.shapeOf(pastKeys), graph.i64(2), graph.i64(0));
    Out newLength = ops.gather(ops.shapeOf(embedded), graph.i64(1), graph.i64(0));
    Out total = ops.add(pastLength, newLength);
    Out totalLength =
        ops.add(ops.reshape(pastLength, false, -1), ops.reshape(newLength, false, -1));
    Out keys = ops.range(graph.i32(0), total);
    Out keyPositions = ops.unsqueeze(ops.unsqueeze(ops.unsqueeze(keys, 0), 1), 2);
    Out queries = ops.range(pastLength, total);
    Out queryPositions = ops.unsqueeze(ops.unsqueeze(ops.unsqueeze(queries, 0), 1), 3);

    Out seen = ops.compare("LessEqual", keyPositions, queryPositions);
    if (config.slidingWindow().isPresent()) {
      Out oldest = ops.add(queryPositions, graph.i64(-config.slidingWindow().get()));
      Out near = ops.and(graph.bool(true), ops.compare("Greater", keyPositions, oldest));
      seen = ops.and(near, seen);
    }
    Out real = ops.unsqueeze(ops.unsqueeze(ops.convert(attentionMask, Type.BOOLEAN), 1), 2);
    Out visible = ops.and(ops.and(graph.bool(true), seen), real);
    Out shape = ops.concat(0, batch, graph.i64s(1), ops.reshape(newLength, false, -1), totalLength);
    Out all = ops.broadcast(visible, shape, "bidirectional");
    // Not minus infinity: a row of padding sees nothing, and would turn into NaN.
    Out mask = ops.select(all, graph.f32("", 0f), graph.f32("", -65504f));
    return new Sequence(totalLength, mask);
  }
}
