package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.matmulnbits.NBitsFormat;

/** Reads the weight that an operator uses, in the form that the operator wants it. */
final class OnnxWeights {
  private final OnnxFile file;
  private final int hidden;

  OnnxWeights(OnnxFile file, int hidden) {
    this.file = file;
    this.hidden = hidden;
  }

  /** The constants of floats that an operator takes, under their own names. */
  List<StoredTensor> floats(NodeProto node) {
    return node.getInputList().stream()
        .flatMap(input -> file.floats(input).stream())
        .<StoredTensor>map(
            constant ->
                new MappedTensor(
                    constant.name(),
                    DType.named(constant.floats().orElseThrow().storedName()).orElseThrow(),
                    constant.shape(),
                    0,
                    constant.data()))
        .toList();
  }

  /** A layer's experts. */
  OnnxExperts experts(NodeProto node, String name) {
    return OnnxExperts.of(file, node, name);
  }

  /** The vector of a norm. */
  StoredTensor norm(NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    return plain(op, name, op.constant(node.getOpType().startsWith("Skip") ? 2 : 1), 1);
  }

  /** What a layer norm adds. */
  StoredTensor normBias(NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    return plain(op, name, op.constant(node.getOpType().startsWith("Skip") ? 3 : 2), 1);
  }

  /** What is added to a product. */
  StoredTensor bias(NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    return plain(op, name, op.constant(1), 1);
  }

  /**
   * The matrix of {@code MatMul}, stored turned or dequantized first, or of {@code MatMulNBits}.
   */
  StoredTensor matrix(NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    if (op.is("MatMul")) {
      return multiplied(op, name);
    }
    if (node.getInputCount() > 4) {
      throw op.wrong("has reordered columns or a bias, which is not supported");
    }
    return blocks(op, name, op.number("N", -1), op.number("K", -1), op.constant(1));
  }

  private static StoredTensor multiplied(OnnxOperator op, String name) {
    Optional<OnnxOperator> blocks = op.maker(1, "DequantizeLinear");
    if (blocks.isPresent()) {
      return Dequantized.turnedBlocks(blocks.get(), name);
    }
    Optional<OnnxOperator> turned = op.maker(1, "Transpose");
    Optional<OnnxOperator> rows = turned.flatMap(maker -> maker.maker(0, "DequantizeLinear"));
    if (rows.isPresent()) {
      if (!turned.get().numbers("perm").equals(List.of(1L, 0L))) {
        throw turned.get().wrong("does not turn a matrix");
      }
      return Dequantized.rows(rows.get(), name);
    }
    return new TurnedTensor(name, plain(op, name, op.constant(1), 2));
  }

  /**
   * The table of {@code Gather}, perhaps the head's turned one or rows of bytes, or of {@code
   * GatherBlockQuantized}.
   */
  StoredTensor embedding(NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    Optional<OnnxOperator> turned = op.maker(0, "Transpose");
    if (turned.isPresent()) {
      return new TurnedTensor(name, plain(turned.get(), name, turned.get().constant(0), 2));
    }
    OnnxConstant table =
        op.maker(0, "Reshape").map(maker -> maker.constant(0)).orElseGet(() -> op.constant(0));
    if (op.is("Gather") && table.type() == DataType.INT8) {
      return Dequantized.rows(
          op, name, table, gathered(op, "scale").orElseThrow(() -> noScales(op)));
    }
    if (op.is("Gather") && table.type() == DataType.UINT8) {
      return blocks(op, name, table);
    }
    if (op.is("Gather")) {
      return plain(op, name, table, 2);
    }
    if (table.shape().isEmpty()) {
      throw op.wrong("has a table without rows");
    }
    return blocks(op, name, table.shape().getFirst(), hidden, table);
  }

  /** A table of codes has scales, and perhaps zero points, that other operators gather. */
  private Optional<OnnxConstant> gathered(OnnxOperator op, String what) {
    String gather = op.node().getName().replaceFirst("Gather$", what + "/Gather");
    return file.graph().getNodeList().stream()
        .filter(node -> node.getName().equals(gather))
        .findFirst()
        .map(node -> new OnnxOperator(file, node).constant(0));
  }

  private static UserError noScales(OnnxOperator op) {
    return op.wrong("has a table of bytes, whose scales no other operator gathers");
  }

  /** A table of blocks that standard operators take apart: how, its constants' shapes say. */
  private StoredTensor blocks(OnnxOperator op, String name, OnnxConstant codes) {
    OnnxConstant scales = gathered(op, "scale").orElseThrow(() -> noScales(op));
    Optional<OnnxConstant> zeroPoints = gathered(op, "zero_point");
    List<Long> shape = codes.shape();
    if (shape.size() != 3 || shape.get(2) < 1 || shape.get(2) > 256) {
      throw op.wrong("has a table of " + codes.type() + shape);
    }
    boolean bytes = Math.ceilDiv(hidden, shape.get(2)) == shape.get(1);
    long bits = bytes ? 8 : 4;
    op.requirePossible(shape.getFirst(), hidden);
    NBitsFormat format = op.format(bits, shape.get(2) * 8 / bits, scales, zeroPoints.isEmpty());
    return blocks(op, name, shape.getFirst(), hidden, format, codes, scales, zeroPoints);
  }

  /** Whether two weights are the same constant. */
  static boolean sameBytes(StoredTensor a, StoredTensor b) {
    Optional<MemorySegment> bytes = bytes(a);
    return bytes.isPresent() && a.getClass() == b.getClass() && bytes.equals(bytes(b));
  }

  private static Optional<MemorySegment> bytes(StoredTensor tensor) {
    return switch (tensor) {
      case BlockedTensor blocks -> Optional.of(blocks.codes());
      case Int8Tensor rows -> Optional.of(rows.codes());
      case TurnedTensor turned -> Optional.of(turned.stored().data());
      default -> Optional.empty();
    };
  }

  private static StoredTensor blocks(
      OnnxOperator op, String name, long rows, long columns, OnnxConstant codes) {
    OnnxConstant scales = op.constant(2);
    Optional<OnnxConstant> zeroPoints = op.optional(3);
    op.requirePossible(rows, columns);
    NBitsFormat format = op.format(op.number("bits", 4), scales, zeroPoints.isEmpty());
    return blocks(op, name, rows, columns, format, codes, scales, zeroPoints);
  }

  private static StoredTensor blocks(
      OnnxOperator op,
      String name,
      long rows,
      long columns,
      NBitsFormat format,
      OnnxConstant codes,
      OnnxConstant scales,
      Optional<OnnxConstant> zeroPoints) {
    int width = (int) columns;
    require(op, codes, DataType.UINT8, rows, format.codeBytes(width));
    require(op, scales, scales.type(), rows, format.scaleBytes(width));
    zeroPoints.ifPresent(
        zero -> require(op, zero, DataType.UINT8, rows, format.zeroPointBytes(width)));
    return new BlockedTensor(
        name,
        List.of(rows, columns),
        format,
        codes.data(),
        scales.data(),
        zeroPoints.map(OnnxConstant::data).orElse(null));
  }

  private static void require(
      OnnxOperator op, OnnxConstant constant, DataType type, long rows, int rowBytes) {
    if (constant.type() != type
        || constant.data().byteSize() / rows != rowBytes
        || constant.data().byteSize() % rows != 0) {
      throw op.wrong(
          "uses '%s' of %s%s, which is not %d rows of %d bytes"
              .formatted(constant.name(), constant.type(), constant.shape(), rows, rowBytes));
    }
  }

  private static MappedTensor plain(
      OnnxOperator op, String name, OnnxConstant weight, int dimensions) {
    if (weight.floats().isEmpty() || weight.shape().size() != dimensions) {
      throw op.wrong("uses '%s' of %s%s".formatted(weight.name(), weight.type(), weight.shape()));
    }
    DType type = DType.named(weight.floats().get().storedName()).orElseThrow();
    return new MappedTensor(name, type, weight.shape(), 0, weight.data());
  }
}
