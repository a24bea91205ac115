package phiquant.engine.onnx.writer.weights;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Place;
import phiquant.study.InputSquares;

/**
 * Multiplications with weights, each in the precision that its place asks for: {@code MatMul} with
 * floats, or ONNX Runtime's {@code MatMulNBits}, which dequantizes as it multiplies.
 */
public final class MatMuls {
  private final Graph graph;
  private final Constants constants;
  private final Precisions precisions;
  private final OperatorNames operators;
  private final Inputs inputs;
  private final InputSquares.Found squares;
  private final Branches branches;
  private final Set<String> names = new LinkedHashSet<>();

  public MatMuls(
      Graph graph,
      Constants constants,
      Precisions precisions,
      Inputs inputs,
      InputSquares.Found squares,
      Branches branches) {
    this.graph = graph;
    this.constants = constants;
    this.precisions = precisions;
    this.operators = precisions.operators();
    this.inputs = inputs;
    this.squares = squares;
    this.branches = branches;
  }

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

  /** The precision that a weight has or will have. */
  public Precision precisionOf(Place place) {
    return precisions.of(place);
  }

  /** The precision of a layer's experts, which are one operator. */
  public Precision precisionOfExperts(int layer) {
    names.add(OperatorNames.mixture(layer));
    return precisions.ofExperts(layer);
  }

  /** What activations are rounded to while multiplying; 0 leaves it to the device. */
  public int accuracyLevel() {
    return precisions.accuracyLevel();
  }

  /** How much the columns of weights count. */
  public InputSquares.Found squares() {
    return squares;
  }

  /** What operators are called. */
  public OperatorNames operators() {
    return operators;
  }

  /** The operators so far. */
  public Set<String> names() {
    return names;
  }

  /**
   * {@code x · weightᵀ}, and what adapters add to it.
   *
   * @param x shape [batch, sequence, columns]
   * @param weight shape [rows, columns]
   * @return shape [batch, sequence, rows]
   */
  public Value of(Place place, Value x, StoredTensor weight) {
    Value product = of(place, x, store(place, weight), operators.product(place) + "/output_0");
    return branches.added(operators.module(place), x, weight, product);
  }

  /** {@code x · weightᵀ + bias}. */
  public Value of(Place place, Value x, StoredTensor weight, Optional<StoredTensor> bias) {
    Value product = of(place, x, weight);
    String output = operators.module(place) + "/Add/output_0";
    return bias.isEmpty() ? product : add(place, product, bias.get(), output);
  }

  /** {@code x + bias}, and a name for what it gives. */
  public Value add(Place place, Value x, StoredTensor bias, String output) {
    String name = operators.module(place) + "/Add";
    String constant = name.substring(1).replace('/', '.') + ".bias";
    return graph
        .op("Add", name)
        .in(x, constants.plain(constant, bias, false, precisions.type()))
        .out(output, x.type(), x.shape());
  }

  /** The same with a weight that is in the graph already, and a name for what it gives. */
  public Value of(Place place, Value x, Stored weight, String output) {
    String name = operators.product(place);
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

  /** Puts a weight into the graph. */
  public Stored store(Place place, StoredTensor weight) {
    String name = operators.product(place);
    names.add(name);
    String constant = name.substring(1).replace('/', '.') + ".weight";
    return switch (precisionOf(place)) {
      case Precision.Plain plain ->
          new Stored(weight, constants.plain(constant, weight, true, plain.type()), null, null);
      case Precision.Blocks blocks ->
          new Stored(
              weight,
              null,
              constants.blocks(constant, weight, blocks.format(), squares.of(weight)),
              null);
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
    if (precisions.accuracyLevel() > 0) {
      op.with("accuracy_level", precisions.accuracyLevel());
    }
    return op.with("bits", blocks.format().bits()).with("block_size", blocks.format().block());
  }
}
