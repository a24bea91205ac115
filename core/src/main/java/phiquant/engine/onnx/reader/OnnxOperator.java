package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;

/** An operator of a graph with what it takes: constants, attributes, and what others make. */
record OnnxOperator(OnnxFile file, NodeProto node) {
  /** More rows or columns than any model has; products of two of them fit a long. */
  private static final long MOST = 1 << 24;

  boolean is(String type) {
    return node.getOpType().equals(type);
  }

  /** Whether there is an input of that number; those that are left out have empty names. */
  boolean has(int input) {
    return !input(input).isEmpty();
  }

  /** The operator that an input comes from, if it does from one of that type. */
  Optional<OnnxOperator> maker(int input, String type) {
    return file.maker(input(input))
        .map(maker -> new OnnxOperator(file, maker))
        .filter(maker -> maker.is(type));
  }

  /**
   * The constant that an input is.
   *
   * @throws UserError if it is none, or damaged
   */
  OnnxConstant constant(int input) {
    return file.constant(input(input))
        .or(() -> maker(input, "DequantizeLinear").flatMap(OnnxOperator::rounded))
        .orElseThrow(
            () ->
                wrong("does not take its weight from a constant, but from '" + input(input) + "'"));
  }

  /** The constant that graphs of codes round and take back from its codes. */
  private Optional<OnnxConstant> rounded() {
    return maker(0, "QuantizeLinear").flatMap(before -> file.constant(before.input(0)));
  }

  /** The same for an input that may be left out. */
  Optional<OnnxConstant> optional(int input) {
    return has(input) ? Optional.of(constant(input)) : Optional.empty();
  }

  long number(String name, long otherwise) {
    return attribute(name).map(AttributeProto::getI).orElse(otherwise);
  }

  float real(String name, float otherwise) {
    return attribute(name).map(AttributeProto::getF).orElse(otherwise);
  }

  /** Empty if it is not there. */
  String text(String name) {
    return attribute(name).map(one -> one.getS().toStringUtf8()).orElse("");
  }

  List<Long> numbers(String name) {
    return attribute(name).map(AttributeProto::getIntsList).orElse(List.of());
  }

  /** The format of its blocks, of the size that an attribute says. */
  NBitsFormat format(long bits, OnnxConstant scales, boolean symmetric) {
    return format(bits, number("block_size", -1), scales, symmetric);
  }

  /** The format of its blocks. */
  NBitsFormat format(long bits, long block, OnnxConstant scales, boolean symmetric) {
    FloatType type =
        scales.floats().orElseThrow(() -> wrong("has scales of type " + scales.type()));
    try {
      return new NBitsFormat(
          Algorithm.DEFAULT, Math.toIntExact(bits), Math.toIntExact(block), symmetric, type);
    } catch (UserError | ArithmeticException e) {
      throw wrong("cannot be decoded: " + e.getMessage().replaceFirst("\\.$", ""));
    }
  }

  /**
   * Checks the size of a matrix.
   *
   * @throws UserError if no model has one so large, or it is empty
   */
  void requirePossible(long rows, long columns) {
    if (rows < 1 || columns < 1 || rows > MOST || columns > MOST) {
      throw wrong("has an impossible shape: %d × %d".formatted(rows, columns));
    }
  }

  UserError wrong(String fact) {
    return new UserError(
        "%s: the operator '%s' (%s) %s."
            .formatted(file.path(), node.getName(), node.getOpType(), fact));
  }

  private String input(int index) {
    return index < node.getInputCount() ? node.getInput(index) : "";
  }

  private Optional<AttributeProto> attribute(String name) {
    return node.getAttributeList().stream()
        .filter(attribute -> attribute.getName().equals(name))
        .findFirst();
  }
}
