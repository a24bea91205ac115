package phiquant.checkpoint.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;

/** Reads the weight that an operator uses, in the form that the operator wants it. */
final class OnnxWeights {
  private final OnnxFile file;
  private final int hidden;

  /** Which operator makes a tensor. */
  private final Map<String, NodeProto> makers = new HashMap<>();

  OnnxWeights(OnnxFile file, int hidden) {
    this.file = file;
    this.hidden = hidden;
    for (NodeProto node : file.graph().getNodeList()) {
      node.getOutputList().forEach(output -> makers.put(output, node));
    }
  }

  /** The vector of a norm. */
  StoredTensor norm(NodeProto node, String name) {
    OnnxConstant weight = constant(node, node.getOpType().startsWith("Skip") ? 2 : 1);
    return plain(node, name, weight, 1);
  }

  /** The matrix of {@code MatMul}, stored turned, or of {@code MatMulNBits}. */
  StoredTensor matrix(NodeProto node, String name) {
    if (node.getOpType().equals("MatMul")) {
      return new TurnedTensor(name, plain(node, name, constant(node, 1), 2));
    }
    if (node.getInputCount() > 4) {
      throw wrong(node, "has reordered columns or a bias, which is not supported");
    }
    return blocks(
        node, name, number(node, "N", -1), number(node, "K", -1), constant(node, 1), 2, 3);
  }

  /**
   * The table of {@code Gather}, perhaps the head's turned one, or of {@code GatherBlockQuantized}.
   */
  StoredTensor embedding(NodeProto node, String name) {
    NodeProto maker = makers.get(input(node, 0));
    if (maker != null && maker.getOpType().equals("Transpose")) {
      return new TurnedTensor(name, plain(node, name, constant(maker, 0), 2));
    }
    boolean reshaped = maker != null && maker.getOpType().equals("Reshape");
    OnnxConstant table = reshaped ? constant(maker, 0) : constant(node, 0);
    if (node.getOpType().equals("Gather")) {
      return plain(node, name, table, 2);
    }
    if (table.shape().isEmpty()) {
      throw wrong(node, "has a table without rows");
    }
    return blocks(node, name, table.shape().getFirst(), hidden, table, 2, 3);
  }

  /** Whether two weights are the same constant. */
  static boolean sameBytes(StoredTensor a, StoredTensor b) {
    if (a instanceof BlockedTensor one && b instanceof BlockedTensor other) {
      return one.codes().equals(other.codes());
    }
    return a instanceof TurnedTensor one
        && b instanceof TurnedTensor other
        && one.stored().data().equals(other.stored().data());
  }

  private StoredTensor blocks(
      NodeProto node,
      String name,
      long rows,
      long columns,
      OnnxConstant codes,
      int scalesInput,
      int zeroPointsInput) {
    OnnxConstant scales = constant(node, scalesInput);
    Optional<OnnxConstant> zeroPoints =
        input(node, zeroPointsInput).isEmpty()
            ? Optional.empty()
            : Optional.of(constant(node, zeroPointsInput));
    if (rows < 1 || columns < 1 || columns > 1 << 24) {
      throw wrong(node, "has an impossible shape: %d × %d".formatted(rows, columns));
    }
    NBitsFormat format = format(node, scales, zeroPoints.isEmpty());
    int width = (int) columns;
    require(node, codes, DType.U8, rows, format.codeBytes(width));
    require(node, scales, scales.type(), rows, format.scaleBytes(width));
    zeroPoints.ifPresent(zero -> require(node, zero, DType.U8, rows, format.zeroPointBytes(width)));
    return new BlockedTensor(
        name,
        List.of(rows, columns),
        format,
        codes.data(),
        scales.data(),
        zeroPoints.map(OnnxConstant::data).orElse(null));
  }

  private NBitsFormat format(NodeProto node, OnnxConstant scales, boolean symmetric) {
    FloatType type =
        switch (scales.type()) {
          case F32 -> FloatType.FLOAT32;
          case F16 -> FloatType.FLOAT16;
          case BF16 -> FloatType.BFLOAT16;
          default -> throw wrong(node, "has scales of type " + scales.type());
        };
    try {
      int bits = Math.toIntExact(number(node, "bits", 4));
      int block = Math.toIntExact(number(node, "block_size", -1));
      return new NBitsFormat(Algorithm.DEFAULT, bits, block, symmetric, type);
    } catch (UserError | ArithmeticException e) {
      throw wrong(node, "cannot be decoded: " + e.getMessage().replaceFirst("\\.$", ""));
    }
  }

  private void require(NodeProto node, OnnxConstant constant, DType type, long rows, int rowBytes) {
    if (constant.type() != type
        || constant.data().byteSize() / rows != rowBytes
        || constant.data().byteSize() % rows != 0) {
      throw wrong(
          node,
          "uses '%s' of %s%s, which is not %d rows of %d bytes"
              .formatted(constant.name(), constant.type(), constant.shape(), rows, rowBytes));
    }
  }

  private MappedTensor plain(NodeProto node, String name, OnnxConstant weight, int dimensions) {
    if (!weight.type().isWeight() || weight.shape().size() != dimensions) {
      throw wrong(
          node, "uses '%s' of %s%s".formatted(weight.name(), weight.type(), weight.shape()));
    }
    return new MappedTensor(name, weight.type(), weight.shape(), 0, weight.data());
  }

  private OnnxConstant constant(NodeProto node, int input) {
    return file.constant(input(node, input))
        .orElseThrow(
            () ->
                wrong(
                    node,
                    "does not take its weight from a constant, but from '"
                        + input(node, input)
                        + "'"));
  }

  private static String input(NodeProto node, int index) {
    return index < node.getInputCount() ? node.getInput(index) : "";
  }

  private static long number(NodeProto node, String name, long otherwise) {
    for (AttributeProto attribute : node.getAttributeList()) {
      if (attribute.getName().equals(name)) {
        return attribute.getI();
      }
    }
    return otherwise;
  }

  private UserError wrong(NodeProto node, String fact) {
    return new UserError(
        "%s: the operator '%s' (%s) %s."
            .formatted(file.path(), node.getName(), node.getOpType(), fact));
  }
}
