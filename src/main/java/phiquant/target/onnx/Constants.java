package phiquant.target.onnx;

import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;
import phiquant.target.Part;
import phiquant.target.PlannedTensor;
import phiquant.target.RowEncoder;

/**
 * Gives weights their places in {@code model.onnx.data}, declares them in the graph, and plans them
 * for the pipeline.
 */
final class Constants {
  /** Index of the data file among the artifact's files. */
  static final int FILE = 1;

  private final Graph graph;
  private final ExternalData data = new ExternalData();
  private final List<PlannedTensor> planned = new ArrayList<>();

  Constants(Graph graph) {
    this.graph = graph;
  }

  ExternalData data() {
    return data;
  }

  /** The tensors that the pipeline encodes. */
  List<PlannedTensor> planned() {
    return planned;
  }

  /**
   * Plain floats.
   *
   * @param transposed whether columns become rows: {@code MatMul} wants [K, N]
   */
  Value plain(String name, StoredTensor source, boolean transposed, FloatType type) {
    List<Long> shape =
        transposed ? List.of(source.columns(), source.rows()) : List.copyOf(source.shape());
    long size = source.elements() * type.bytes();
    long offset = data.reserve(size);
    RowEncoder encoder = (x, rows, columns, out) -> type.encode(x, 0, rows * columns, out[0]);
    Part part = new Part(FILE, offset, shape.getLast() * type.bytes());
    planned.add(
        new PlannedTensor(
            name, type.storedName(), shape, size, source, transposed, encoder, List.of(part)));
    return graph.external(name, ElementType.of(type), shape, offset);
  }
}
