package phiquant.engine.onnx.writer.attention;

import java.util.List;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.PhiConfig;

/**
 * Keys and values of earlier tokens: inputs and outputs of the graph, of shape [batch, heads,
 * tokens, head size].
 */
public final class Cache {
  private final Graph graph;
  private final List<String> past;
  private final List<String> present;
  private final ElementType type;

  /**
   * Declares the inputs: all keys, then all values.
   *
   * @param size that of a head, or a name for it
   */
  public Cache(Graph graph, PhiConfig config, int heads, Object size, ElementType type) {
    this.graph = graph;
    this.type = type;
    this.past = Value.dims("batch_size", heads, "past_sequence_length", size);
    this.present = Value.dims("batch_size", heads, "total_sequence_length", size);
    for (String what : List.of("key", "value")) {
      for (int layer = 0; layer < config.layers(); layer++) {
        graph.input("past_key_values.%d.%s".formatted(layer, what), type, past);
      }
    }
  }

  /** The cache of earlier tokens; {@code what} is key or value. */
  Value past(int layer, String what) {
    return new Value("past_key_values.%d.%s".formatted(layer, what), type, past);
  }

  /** The next output of an attention operator: the cache with the new tokens. */
  void present(Op attention, int layer, String what) {
    graph.output(attention.out("present.%d.%s".formatted(layer, what), type, present));
  }
}
