package phiquant.engine.onnx.writer.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.util.List;

/**
 * One operator on its way into a graph: inputs, attributes, then outputs, read from left to right.
 */
public final class Op {
  private final Graph graph;
  private final NodeProto.Builder node;

  Op(Graph graph, NodeProto.Builder node) {
    this.graph = graph;
    this.node = node;
  }

  /** The next inputs; null for an optional one that is left out. */
  public Op in(Value... inputs) {
    for (Value input : inputs) {
      node.addInput(input == null ? "" : input.name());
    }
    return this;
  }

  public Op with(String attribute, long number) {
    node.addAttribute(attribute(attribute, AttributeType.INT).setI(number));
    return this;
  }

  public Op with(String attribute, String text) {
    node.addAttribute(
        attribute(attribute, AttributeType.STRING).setS(ByteString.copyFromUtf8(text)));
    return this;
  }

  public Op with(String attribute, float number) {
    node.addAttribute(attribute(attribute, AttributeType.FLOAT).setF(number));
    return this;
  }

  public Op with(String attribute, List<Long> numbers) {
    node.addAttribute(attribute(attribute, AttributeType.INTS).addAllInts(numbers));
    return this;
  }

  public Op with(String attribute, TensorProto tensor) {
    node.addAttribute(attribute(attribute, AttributeType.TENSOR).setT(tensor));
    return this;
  }

  /** A branch: its nodes may use the outer graph's tensors. */
  public Op with(String attribute, GraphProto branch) {
    node.addAttribute(attribute(attribute, AttributeType.GRAPH).setG(branch));
    return this;
  }

  /** The next output, named after the operator. */
  public Value out(ElementType type, List<String> shape) {
    return out(node.getName() + "/output_0", type, shape);
  }

  /** The next output. */
  public Value out(String name, ElementType type, List<String> shape) {
    node.addOutput(name);
    return graph.declare(new Value(name, type, shape));
  }

  /** Leaves the next outputs out. */
  public Op skip(int outputs) {
    for (int i = 0; i < outputs; i++) {
      node.addOutput("");
    }
    return this;
  }

  private static AttributeProto.Builder attribute(String name, AttributeType type) {
    return AttributeProto.newBuilder().setName(name).setType(type);
  }
}
