package phiquant.engine.onnx.writer.weights;

import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.quant.FloatType;

/**
 * Multiplications with weights in whatever precision, whatever they are called: {@code MatMul} with
 * floats, or ONNX Runtime's {@code MatMulNBits}, which dequantizes as it multiplies. Who knows what
 * a weight is for says how it is stored and names it.
 *
 * @param accuracyLevel what activations are rounded to while multiplying; 0 leaves it to the device
 */
public record WeightProducts(Graph graph, Constants constants, Inputs inputs, int accuracyLevel) {
  /**
   * A weight in the graph.
   *
   * @param floats shape [columns, rows], as stored or as {@code DequantizeLinear} gives them; or
   *     null
   * @param blocks rows in blocks, or null
   * @param rows rows of bytes that {@code floats} come from, or null
   */
  public record Stored(
      StoredTensor source, Value floats, Constants.Blocks blocks, Constants.Rows rows) {}

  /**
   * Puts a weight into the graph.
   *
   * @param name of the operator that will multiply with it
   * @param constant what the weight's own name begins with
   * @param importance of the columns of each matrix, if it is known
   */
  public Stored store(
      String name,
      String constant,
      StoredTensor weight,
      Precision precision,
      List<float[]> importance) {
    return switch (precision) {
      case Precision.Plain plain ->
          new Stored(weight, constants.plain(constant, weight, true, plain.type()), null, null);
      case Precision.Blocks blocks ->
          new Stored(
              weight, null, constants.blocks(constant, weight, blocks.format(), importance), null);
      case Precision.Turned turned -> {
        var blocks = constants.turned(constant, weight, turned.format());
        yield new Stored(weight, dequantized(name, weight, blocks), null, null);
      }
      case Precision.Rows unused -> {
        Constants.Rows rows = constants.rows(constant, weight);
        yield new Stored(weight, dequantized(name, weight, rows), null, rows);
      }
    };
  }

  /**
   * {@code x · weightᵀ}.
   *
   * @param x shape […, columns]
   * @param output what the product is called, shape […, rows]
   */
  public Value of(String name, Value x, Stored weight, String output) {
    List<String> shape = new ArrayList<>(x.shape());
    shape.set(shape.size() - 1, Long.toString(weight.source().rows()));
    Op op =
        weight.blocks() == null
            ? graph
                .op("MatMul", name)
                .in(weight.rows() == null ? x : inputs.of(x, weight.source()), weight.floats())
            : inBlocks(name, x, weight);
    return op.out(output, x.type(), shape);
  }

  /** {@code x + bias}. */
  public Value add(
      String name, String constant, Value x, StoredTensor bias, FloatType type, String output) {
    return graph
        .op("Add", name)
        .in(x, constants.plain(constant, bias, false, type))
        .out(output, x.type(), x.shape());
  }

  private Value dequantized(String name, StoredTensor weight, Constants.Blocks blocks) {
    Op op =
        graph
            .op("DequantizeLinear", name + "_DQ_Q" + blocks.format().bits())
            .in(blocks.codes(), blocks.scales());
    if (blocks.zeroPoints() != null) {
      op.in(blocks.zeroPoints());
    }
    return op.with("axis", 0)
        .with("block_size", blocks.format().block())
        .out(blocks.scales().type(), Value.dims(weight.columns(), weight.rows()));
  }

  /** Rows stay rows in the file; engines turn the bytes once, when they load the model. */
  private Value dequantized(String name, StoredTensor weight, Constants.Rows rows) {
    Value floats =
        graph
            .op("DequantizeLinear", name + "_DequantizeLinear")
            .in(rows.codes(), rows.scales(), rows.zeroPoints())
            .with("axis", 0)
            .out(ElementType.FLOAT, Value.dims(weight.rows(), weight.columns()));
    return graph
        .op("Transpose", name + "_Transpose")
        .in(floats)
        .with("perm", List.of(1L, 0L))
        .out(ElementType.FLOAT, Value.dims(weight.columns(), weight.rows()));
  }

  private Op inBlocks(String name, Value x, Stored weight) {
    Constants.Blocks blocks = weight.blocks();
    Op op =
        graph
            .op(Graph.MICROSOFT, "MatMulNBits", name + "_Q" + blocks.format().bits())
            .in(x, blocks.codes(), blocks.scales());
    if (blocks.zeroPoints() != null) {
      op.in(blocks.zeroPoints());
    }
    op.with("K", weight.source().columns()).with("N", weight.source().rows());
    if (accuracyLevel > 0) {
      op.with("accuracy_level", accuracyLevel);
    }
    return op.with("bits", blocks.format().bits()).with("block_size", blocks.format().block());
  }
}
