package phiquant.target.onnx;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import phiquant.checkpoint.StoredTensor;

/**
 * Multiplications with weights, each in the precision that its operator's name asks for: {@code
 * MatMul} with floats, or ONNX Runtime's {@code MatMulNBits}, which dequantizes as it multiplies.
 */
final class MatMuls {
  private final Graph graph;
  private final Constants constants;
  private final Precisions precisions;
  private final Set<String> names = new LinkedHashSet<>();

  MatMuls(Graph graph, Constants constants, Precisions precisions) {
    this.graph = graph;
    this.constants = constants;
    this.precisions = precisions;
  }

  /**
   * A weight in the graph.
   *
   * @param floats shape [columns, rows], or null
   * @param blocks rows in blocks, or null
   */
  record Stored(StoredTensor source, Value floats, Constants.Blocks blocks) {}

  /** The precision that an operator's weight has or will have. */
  Precision precisionOf(String name) {
    return precisions.of(name);
  }

  /** The operators so far. */
  Set<String> names() {
    return names;
  }

  /**
   * {@code x · weightᵀ}.
   *
   * @param x shape [batch, sequence, columns]
   * @param weight shape [rows, columns]
   * @return shape [batch, sequence, rows]
   */
  Value of(String name, Value x, StoredTensor weight) {
    return of(name, x, store(name, weight), name + "/output_0");
  }

  /** The same with a weight that is in the graph already, and a name for what it gives. */
  Value of(String name, Value x, Stored weight, String output) {
    List<String> shape = new ArrayList<>(x.shape());
    shape.set(shape.size() - 1, Long.toString(weight.source().rows()));
    Op op =
        weight.blocks() == null
            ? graph.op("MatMul", name).in(x, weight.floats())
            : inBlocks(name, x, weight);
    return op.out(output, x.type(), shape);
  }

  /** Puts the weight of an operator into the graph. */
  Stored store(String name, StoredTensor weight) {
    names.add(name);
    String constant = name.substring(1).replace('/', '.') + ".weight";
    return switch (precisions.of(name)) {
      case Precision.Plain plain ->
          new Stored(weight, constants.plain(constant, weight, true, plain.type()), null);
      case Precision.Blocks blocks ->
          new Stored(weight, null, constants.blocks(constant, weight, blocks.format()));
    };
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
