package phiquant.trust;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;

/** Changes an ONNX graph by its structure: one constant, or one operator. */
record OnnxMutator() implements Mutator {
  static final String FILE = "model.onnx";

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(FILE);
    if (bytes == null) {
      return;
    }
    try {
      ModelProto.Builder model = ModelProto.parseFrom(bytes).toBuilder();
      GraphProto.Builder graph = model.getGraphBuilder();
      if (graph.getInitializerCount() > 0 && dice.oneIn(2)) {
        constant(graph, input, dice);
      } else if (graph.getNodeCount() > 0) {
        operator(graph, input, dice);
      }
      input.files.put(FILE, model.build().toByteArray());
    } catch (InvalidProtocolBufferException e) {
      new BytesMutator(FILE).mutate(input, dice); // It was broken before.
    }
  }

  private static void constant(GraphProto.Builder graph, Input input, Dice dice) {
    int number = dice.below(graph.getInitializerCount());
    TensorProto.Builder tensor = graph.getInitializerBuilder(number);
    String name = tensor.getName();
    switch (dice.below(10)) {
      case 0 -> {
        graph.removeInitializer(number);
        input.changed("the constant %s is missing", name);
      }
      case 1 -> {
        graph.addInitializer(tensor.build());
        input.changed("the constant %s stands twice", name);
      }
      case 2 -> {
        tensor.setName(dice.text());
        input.changed("the constant %s is named '%s'", name, tensor.getName());
      }
      case 3 -> {
        tensor.setDataType(dice.below(26) - 1);
        input.changed("the constant %s has the type %d", name, tensor.getDataType());
      }
      case 4 -> {
        TensorProto other = dice.pick(graph.getInitializerList());
        tensor.clearExternalData().addAllExternalData(other.getExternalDataList());
        tensor.setRawData(other.getRawData());
        input.changed("the constant %s has the data of %s", name, other.getName());
      }
      case 5 -> {
        tensor.setRawData(ByteString.copyFrom(new byte[dice.of(0, 1, 4, 64)]));
        tensor.setDataLocation(TensorProto.DataLocation.DEFAULT);
        input.changed("the constant %s has %d bytes", name, tensor.getRawData().size());
      }
      case 6, 7 -> {
        if (tensor.getExternalDataCount() > 0) {
          int at = dice.below(tensor.getExternalDataCount());
          String before = tensor.getExternalData(at).getValue();
          String value =
              before.matches("\\d{1,18}")
                  ? Long.toString(dice.edge(Long.parseLong(before)))
                  : dice.text();
          tensor.getExternalDataBuilder(at).setValue(value);
          input.changed(
              "the constant %s has the %s '%s'", name, tensor.getExternalData(at).getKey(), value);
        }
      }
      default -> {
        if (tensor.getDimsCount() > 0) {
          int at = dice.below(tensor.getDimsCount());
          tensor.setDims(at, dice.edge(tensor.getDims(at)));
        } else {
          tensor.addDims(dice.edge(1));
        }
        input.changed("the constant %s has the shape %s", name, tensor.getDimsList());
      }
    }
  }

  private static void operator(GraphProto.Builder graph, Input input, Dice dice) {
    // Half of them among those that weights are taken from.
    List<Integer> weighty =
        java.util.stream.IntStream.range(0, graph.getNodeCount())
            .filter(i -> graph.getNode(i).getName().matches(".*(MatMul|norm|Gather|lm_head).*"))
            .boxed()
            .toList();
    int number =
        weighty.isEmpty() || dice.oneIn(2) ? dice.below(graph.getNodeCount()) : dice.pick(weighty);
    NodeProto.Builder node = graph.getNodeBuilder(number);
    String name = node.getName();
    switch (dice.below(8)) {
      case 0 -> {
        graph.removeNode(number);
        input.changed("the operator %s is missing", name);
      }
      case 1 -> {
        graph.addNode(node.build());
        input.changed("the operator %s stands twice", name);
      }
      case 2 -> {
        NodeProto other = dice.pick(graph.getNodeList());
        node.setName(dice.oneIn(2) ? dice.text() : other.getName());
        input.changed("the operator %s is named '%s'", name, node.getName());
      }
      case 3 -> {
        node.setOpType(dice.oneIn(3) ? dice.text() : dice.pick(graph.getNodeList()).getOpType());
        input.changed("the operator %s is a '%s'", name, node.getOpType());
      }
      case 4, 5 -> {
        if (node.getInputCount() > 0) {
          int at = dice.below(node.getInputCount());
          String other =
              dice.oneIn(4)
                  ? dice.text()
                  : dice.oneIn(3)
                      ? dice.pick(graph.getNodeList()).getOutputList().stream()
                          .findFirst()
                          .orElse("")
                      : dice.pick(graph.getInitializerList()).getName();
          node.setInput(at, other);
          input.changed("the operator %s takes '%s' as number %d", name, other, at);
        }
      }
      default -> {
        if (node.getAttributeCount() > 0) {
          AttributeProto.Builder attribute =
              node.getAttributeBuilder(dice.below(node.getAttributeCount()));
          attribute.setI(dice.edge(attribute.getI()));
          if (dice.oneIn(4)) {
            attribute.clearInts().addInts(dice.edge(1));
          }
          input.changed(
              "the operator %s has the %s %d", name, attribute.getName(), attribute.getI());
        }
      }
    }
  }
}
