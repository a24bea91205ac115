package phiquant.engine.onnx.reader;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.matmulnbits.NBitsColumns;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * Reads weights that ONNX's own {@code DequantizeLinear} stands in front of: blocks of a turned
 * matrix, or rows of bytes. Source: ONNX operator specification, {@code DequantizeLinear} 21.
 */
final class Dequantized {
  private Dequantized() {}

  /**
   * Codes [columns, rows] in blocks along the columns: signed, or unsigned with zero points.
   *
   * @throws phiquant.UserError if they are something else, or their parts do not fit each other
   */
  static StoredTensor turnedBlocks(OnnxOperator op, String name) {
    OnnxConstant codes = op.constant(0);
    OnnxConstant scales = op.constant(1);
    Optional<OnnxConstant> zeroPoints = op.optional(2);
    DataType type = codes.type();
    boolean signed = type == DataType.INT4 || type == DataType.INT8;
    if (op.number("axis", 1) != 0 || codes.shape().size() != 2 || codes.floats().isPresent()) {
      throw op.wrong("has no blocks along axis 0 of a matrix of codes");
    }
    if (signed == zeroPoints.isPresent()) {
      throw op.wrong("has " + type + (signed ? " with" : " without") + " zero points");
    }
    long columns = codes.shape().get(0);
    long rows = codes.shape().get(1);
    op.requirePossible(rows, columns);
    int bits = type == DataType.INT4 || type == DataType.UINT4 ? 4 : 8;
    NBitsFormat format = op.format(bits, scales, signed);
    List<Long> grid = List.of((long) format.blocks((int) columns), rows);
    require(op, scales, scales.type(), grid);
    zeroPoints.ifPresent(zero -> require(op, zero, type, grid));
    return new TurnedBlocksTensor(
        name,
        List.of(rows, columns),
        new NBitsColumns(format, (int) rows),
        codes.data(),
        scales.data(),
        zeroPoints.map(OnnxConstant::data).orElse(null));
  }

  /**
   * Bytes [rows, columns] with a scale for each row; zero points are zero if there are any.
   *
   * @throws phiquant.UserError if they are something else, or their parts do not fit each other
   */
  static StoredTensor rows(OnnxOperator op, String name) {
    if (op.number("axis", 1) != 0 || op.number("block_size", 0) != 0) {
      throw op.wrong("has no scale for each row");
    }
    OnnxConstant codes = op.constant(0);
    StoredTensor rows = rows(op, name, codes, op.constant(1));
    op.optional(2).ifPresent(zero -> requireZeros(op, zero, codes.shape().get(0)));
    return rows;
  }

  /** The same, of an operator that takes the scales from elsewhere. */
  static StoredTensor rows(OnnxOperator op, String name, OnnxConstant codes, OnnxConstant scales) {
    if (codes.type() != DataType.INT8 || codes.shape().size() != 2) {
      throw op.wrong("uses '%s' of %s%s".formatted(codes.name(), codes.type(), codes.shape()));
    }
    op.requirePossible(codes.shape().get(0), codes.shape().get(1));
    require(op, scales, DataType.FLOAT, codes.shape().subList(0, 1));
    return new Int8Tensor(name, codes.shape(), codes.data(), scales.data());
  }

  private static void requireZeros(OnnxOperator op, OnnxConstant zeroPoints, long rows) {
    require(op, zeroPoints, DataType.INT8, List.of(rows));
    MemorySegment zeros = zeroPoints.data();
    for (long i = 0; i < rows; i++) {
      if (zeros.get(JAVA_BYTE, i) != 0) {
        throw op.wrong("has zero points other than zero, which is not supported");
      }
    }
  }

  private static void require(
      OnnxOperator op, OnnxConstant constant, DataType type, List<Long> shape) {
    if (constant.type() != type || !constant.shape().equals(shape)) {
      throw op.wrong(
          "uses '%s' of %s%s, which is not %s%s"
              .formatted(constant.name(), constant.type(), constant.shape(), type, shape));
    }
  }
}
