package phiquant.engine.onnx.writer.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A graph as it grows: operators in the order that they run, what flows between them, and where its
 * constants lie. A branch of an {@code If} is a graph too.
 */
public final class Graph {
  /** The domain of ONNX Runtime's own operators. */
  public static final String MICROSOFT = "com.microsoft";

  /** The file beside the model that holds its constants. */
  public static final String DATA = "model.onnx.data";

  private final String name;
  private final List<NodeProto.Builder> nodes = new ArrayList<>();

  /** Before all others, because an operator is there before its inputs are asked for. */
  private final List<NodeProto.Builder> constantNodes = new ArrayList<>();

  private final List<Value> inputs = new ArrayList<>();
  private final List<Value> outputs = new ArrayList<>();
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final List<TensorProto> initializers = new ArrayList<>();
  private final Map<String, Value> constants = new HashMap<>();

  public Graph(String name) {
    this.name = name;
  }

  public Value input(String name, ElementType type, List<String> shape) {
    Value input = new Value(name, type, shape);
    inputs.add(input);
    return input;
  }

  /** Makes a tensor an output of the graph. */
  public Value output(Value value) {
    values.remove(value.name());
    outputs.add(value);
    return value;
  }

  /** An operator of ONNX itself. */
  public Op op(String type, String name) {
    return op("", type, name);
  }

  public Op op(String domain, String type, String name) {
    NodeProto.Builder node = NodeProto.newBuilder().setOpType(type).setDomain(domain).setName(name);
    nodes.add(node);
    return new Op(this, node);
  }

  /** Remembers what an operator gives. */
  Value declare(Value value) {
    if (values.put(value.name(), value) != null) {
      throw new IllegalStateException("two tensors are named " + value.name());
    }
    return value;
  }

  /** An input that need not be given: without it, it is empty where it has a name for a size. */
  public Value optional(String name, ElementType type, List<String> shape) {
    TensorProto.Builder empty = TensorProto.newBuilder().setName(name).setDataType(type.number());
    shape.forEach(size -> empty.addDims(size.matches("\\d+") ? Long.parseLong(size) : 0));
    initializers.add(empty.setRawData(ByteString.EMPTY).build());
    return input(name, type, shape);
  }

  /** A constant that lies in a file beside the model. */
  public Value external(String name, ElementType type, List<Long> shape, String file, long offset) {
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    initializers.add(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.number())
            .addAllDims(shape)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(entry("location", file))
            .addExternalData(entry("offset", Long.toString(offset)))
            .addExternalData(entry("length", Long.toString(type.bytes(elements))))
            .build());
    return new Value(name, type, shape.stream().map(String::valueOf).toList());
  }

  /** A scalar in the model itself. */
  public Value scalar(String name, float number) {
    initializers.add(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(ElementType.FLOAT.number())
            .addFloatData(number)
            .build());
    return new Value(name, ElementType.FLOAT, List.of());
  }

  /** A few numbers in the model itself. */
  public Value floats(String name, List<Long> shape, float... numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : numbers) {
      bytes.putFloat(number);
    }
    initializers.add(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(ElementType.FLOAT.number())
            .addAllDims(shape)
            .setRawData(ByteString.copyFrom(bytes.flip()))
            .build());
    return new Value(name, ElementType.FLOAT, shape.stream().map(String::valueOf).toList());
  }

  /** A scalar of the type that the model computes in, in the model itself. */
  public Value number(String name, ElementType type, float number) {
    int bits =
        switch (type) {
          case FLOAT16 -> Float.floatToFloat16(number) & 0xFFFF;
          case BFLOAT16 -> Float.floatToRawIntBits(number) >>> 16;
          default -> 0;
        };
    return type == ElementType.FLOAT ? scalar(name, number) : scalar(name, type, bits);
  }

  /** Integers, in the model itself. */
  public Value i32s(String name, List<Long> shape, List<Integer> numbers) {
    initializers.add(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(ElementType.INT32.number())
            .addAllDims(shape)
            .addAllInt32Data(numbers)
            .build());
    return new Value(name, ElementType.INT32, shape.stream().map(String::valueOf).toList());
  }

  /** A small integer of some type, in the model itself. */
  public Value scalar(String name, ElementType type, int number) {
    initializers.add(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.number())
            .addInt32Data(number)
            .build());
    return new Value(name, type, List.of());
  }

  /** A scalar. */
  public Value i64(long number) {
    return constant(Long.toString(number), List.of(), number);
  }

  /** A vector. */
  public Value i64s(long... numbers) {
    String text = Arrays.stream(numbers).mapToObj(Long::toString).collect(Collectors.joining(", "));
    return constant("[" + text + "]", List.of((long) numbers.length), numbers);
  }

  private Value constant(String text, List<Long> shape, long... numbers) {
    return constants.computeIfAbsent(
        text,
        unused -> {
          NodeProto.Builder node =
              NodeProto.newBuilder()
                  .setOpType("Constant")
                  .setName("/model/constant_nodes/INT64/" + text);
          constantNodes.add(node);
          return new Op(this, node)
              .with(
                  "value",
                  TensorProto.newBuilder()
                      .setDataType(ElementType.INT64.number())
                      .addAllDims(shape)
                      .addAllInt64Data(Arrays.stream(numbers).boxed().toList())
                      .build())
              .out(
                  "/model/constants/INT64/" + text,
                  ElementType.INT64,
                  shape.stream().map(String::valueOf).toList());
        });
  }

  /** The graph as ONNX stores it. */
  public GraphProto build() {
    return build(Map.of());
  }

  /**
   * The same for given sizes, if its operators take whatever sizes their inputs have.
   *
   * @param sizes by the names of the dimensions that get them
   */
  public GraphProto build(Map<String, Integer> sizes) {
    GraphProto.Builder graph =
        GraphProto.newBuilder().setName(name).addAllInitializer(initializers);
    constantNodes.forEach(graph::addNode);
    nodes.forEach(graph::addNode);
    inputs.forEach(value -> graph.addInput(value.sized(sizes).declaration()));
    outputs.forEach(value -> graph.addOutput(value.sized(sizes).declaration()));
    values.values().forEach(value -> graph.addValueInfo(value.sized(sizes).declaration()));
    return graph.build();
  }

  /** Makes another graph's constant one of this graph too; in the file it is there once. */
  public Value shared(Graph other, Value constant) {
    initializers.addAll(
        other.initializers.stream().filter(one -> one.getName().equals(constant.name())).toList());
    return constant;
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
