package phiquant.engine.onnx.writer.graph;

import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A tensor that flows through a graph.
 *
 * @param name unique in the graph
 * @param shape a dimension is a number, or a name where it is not known before the model runs
 */
public record Value(String name, ElementType type, List<String> shape) {
  /** Dimensions, each a number or a name. */
  public static List<String> dims(Object... dimensions) {
    return Arrays.stream(dimensions).map(String::valueOf).toList();
  }

  /** The same tensor with numbers in place of some dimensions' names. */
  Value sized(Map<String, Integer> sizes) {
    return new Value(
        name,
        type,
        shape.stream()
            .map(size -> sizes.containsKey(size) ? Integer.toString(sizes.get(size)) : size)
            .toList());
  }

  /** The same tensor as ONNX declares it. */
  ValueInfoProto declaration() {
    TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
    for (String dimension : shape) {
      TensorShapeProto.Dimension.Builder one = dimensions.addDimBuilder();
      if (dimension.matches("\\d+")) {
        one.setDimValue(Long.parseLong(dimension));
      } else {
        one.setDimParam(dimension);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(type.number()).setShape(dimensions)))
        .build();
  }
}
