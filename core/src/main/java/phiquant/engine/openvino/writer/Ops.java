package phiquant.engine.openvino.writer;

import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;

/** The operators that Phi's graph is made of, with their attributes: a vocabulary, no more. */
record Ops(Ir graph) {
  private static final Map<String, String> NUMPY = Map.of("auto_broadcast", "numpy");

  Out add(Out a, Out b) {
    return binary("Add", "opset1", a.type(), a, b);
  }

  Out multiply(Out a, Out b) {
    return binary("Multiply", "opset1", a.type(), a, b);
  }

  Out divide(Out a, Out b) {
    return graph.op(
        "Divide",
        "opset1",
        Map.of("auto_broadcast", "numpy", "m_pythondiv", "true"),
        a.type(),
        a,
        b);
  }

  Out power(Out a, Out b) {
    return binary("Power", "opset1", a.type(), a, b);
  }

  /** Comparisons: Greater, LessEqual. */
  Out compare(String type, Out a, Out b) {
    return binary(type, "opset1", Type.BOOLEAN, a, b);
  }

  Out and(Out a, Out b) {
    return binary("BitwiseAnd", "opset13", Type.BOOLEAN, a, b);
  }

  Out select(Out condition, Out then, Out otherwise) {
    return graph.op("Select", "opset1", NUMPY, then.type(), condition, then, otherwise);
  }

  Out matMul(Out a, Out b, boolean transposeB) {
    return graph.op("MatMul", "opset1", matMulAttributes(transposeB), Type.F32, a, b);
  }

  Out namedMatMul(String names, Out a, Out b) {
    return graph.named(names, "MatMul", "opset1", matMulAttributes(true), Type.F32, a, b);
  }

  Out namedAdd(String names, Out a, Out b) {
    return graph.named(names, "Add", "opset1", NUMPY, a.type(), a, b);
  }

  private static Map<String, String> matMulAttributes(boolean transposeB) {
    return Map.of("transpose_a", "false", "transpose_b", Boolean.toString(transposeB));
  }

  Out convert(Out a, Type type) {
    return graph.op("Convert", "opset1", Map.of("destination_type", type.attribute()), type, a);
  }

  Out shapeOf(Out a) {
    return graph.op("ShapeOf", "opset3", Map.of("output_type", "i64"), Type.I64, a);
  }

  Out gather(Out data, Out indices, Out axis) {
    return graph.op(
        "Gather", "opset8", Map.of("batch_dims", "0"), data.type(), data, indices, axis);
  }

  Out unsqueeze(Out a, long axis) {
    return graph.op("Unsqueeze", "opset1", Map.of(), a.type(), a, graph.i64(axis));
  }

  Out reshape(Out a, boolean specialZero, long... shape) {
    return graph.op(
        "Reshape",
        "opset1",
        Map.of("special_zero", Boolean.toString(specialZero)),
        a.type(),
        a,
        graph.i64s(shape));
  }

  Out transpose(Out a, int... order) {
    return graph.op("Transpose", "opset1", Map.of(), a.type(), a, graph.i32s(order));
  }

  Out concat(int axis, Out... parts) {
    return graph.op(
        "Concat", "opset1", Map.of("axis", Integer.toString(axis)), parts[0].type(), parts);
  }

  Out broadcast(Out a, Out shape, String mode) {
    return graph.op("Broadcast", "opset3", Map.of("mode", mode), a.type(), a, shape);
  }

  /** Elements [start, stop) along one axis. */
  Out slice(Out a, long start, long stop, long axis) {
    return graph.op(
        "Slice",
        "opset8",
        Map.of(),
        a.type(),
        a,
        graph.i64s(start),
        graph.i64s(stop),
        graph.i64s(1),
        graph.i64s(axis));
  }

  /** Whole numbers from start below stop. */
  Out range(Out start, Out stop) {
    return graph.op(
        "Range", "opset4", Map.of("output_type", "i64"), Type.I64, start, stop, graph.i32(1));
  }

  Out unary(String type, String opset, Out a) {
    return graph.op(type, opset, Map.of(), a.type(), a);
  }

  private Out binary(String type, String opset, Type output, Out a, Out b) {
    return graph.op(type, opset, NUMPY, output, a, b);
  }
}
