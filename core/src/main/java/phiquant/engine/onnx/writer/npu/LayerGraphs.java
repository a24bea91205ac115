package phiquant.engine.onnx.writer.npu;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Network;

/**
 * All layers as one graph, or as {@link LayerParts} says, each of which takes the stream that the
 * one before gives. A chip's session has 32 bits for its addresses, so what is larger has to be
 * several.
 */
final class LayerGraphs {
  private final LayerParts parts;
  private final List<Graph> graphs = new ArrayList<>();

  /** Bytes of constants that each has. */
  private final List<Long> weights = new ArrayList<>();

  /** What the last layer gives. */
  private final String last;

  /**
   * Makes them.
   *
   * @param constants that they all share the file of
   * @param matMuls products in a graph
   * @param attentions attention in a graph, with the inputs that it declares
   */
  LayerGraphs(
      LayerParts parts,
      Network network,
      Constants constants,
      Function<Constants, MatMuls> matMuls,
      Function<Graph, FixedAttention> attentions,
      Held held) {
    this.parts = parts;
    String stream = null;
    for (int part = 0; part < parts.count(); part++) {
      Graph graph = new Graph("layers");
      Constants own = constants.of(graph);
      long before = constants.data().size();
      StaticFlow flow =
          new StaticFlow(
              graph,
              own,
              matMuls.apply(own),
              parts.layers(),
              () -> attentions.apply(graph),
              UnaryOperator.identity(),
              held);
      Value x =
          part == 0
              ? flow.embed(network.embedding())
              : flow.stream(stream, parts.input(part), network.embedding().tensor().columns());
      for (int layer = parts.first(part); layer < parts.first(part + 1); layer++) {
        x = network.blocks().get(layer).of(x, layer, flow);
      }
      held.output(graph, x, parts.output(part));
      stream = flow.name(x);
      graphs.add(graph);
      weights.add(constants.data().size() - before);
    }
    this.last = stream;
  }

  /** The name of what the last layer gives. */
  String last() {
    return last;
  }

  /** Bytes of weights in a part. */
  long weights(int part) {
    return weights.get(part);
  }

  /** For so many tokens at once, by the names of their files without the ending. */
  Map<String, GraphProto> sized(String name, Map<String, Integer> sizes) {
    Map<String, GraphProto> sized = new LinkedHashMap<>();
    for (int part = 0; part < graphs.size(); part++) {
      sized.put(parts.name(name, part), graphs.get(part).build(sizes));
    }
    return sized;
  }
}
