package phiquant.target.onnx;

import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.NBitsFormat;
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

  /**
   * A matrix of codes in blocks.
   *
   * @param codes u8 of shape [rows, blocks, bytes of a block]
   * @param scales shape [rows, blocks]
   * @param zeroPoints u8 of shape [rows, packed bytes]; null if there are none
   */
  record Blocks(NBitsFormat format, Value codes, Value scales, Value zeroPoints) {}

  /** Codes with their scales and zero points; rows of {@code source} stay rows. */
  Blocks blocks(String name, StoredTensor source, NBitsFormat format) {
    long rows = source.rows();
    int columns = Math.toIntExact(source.columns());
    long blocks = format.blocks(columns);
    List<Part> parts = new ArrayList<>();
    Value codes =
        part(
            parts,
            name + "_Q" + format.bits(),
            ElementType.UINT8,
            List.of(rows, blocks, (long) format.blockBytes()));
    Value scales =
        part(parts, name + "_scales", ElementType.of(format.type()), List.of(rows, blocks));
    Value zeroPoints = null;
    if (format.hasZeroPoints()) {
      List<Long> shape = List.of(rows, (long) format.zeroPointBytes(columns));
      zeroPoints = part(parts, name + "_zero_points", ElementType.UINT8, shape);
    }
    RowEncoder encoder =
        (x, count, width, out) ->
            format.encode(x, count, width, out[0], out[1], out.length > 2 ? out[2] : null);
    planned.add(
        new PlannedTensor(
            name,
            describe(format),
            source.shape(),
            rows * parts.stream().mapToLong(Part::groupBytes).sum(),
            source,
            false,
            encoder,
            parts));
    return new Blocks(format, codes, scales, zeroPoints);
  }

  private Value part(List<Part> parts, String name, ElementType type, List<Long> shape) {
    long size = type.bytes(shape.stream().reduce(1L, Math::multiplyExact));
    long offset = data.reserve(size);
    parts.add(new Part(FILE, offset, size / shape.getFirst()));
    return graph.external(name, type, shape, offset);
  }

  private static String describe(NBitsFormat format) {
    return "int%d b%d%s"
        .formatted(format.bits(), format.block(), format.hasZeroPoints() ? " asym" : "");
  }
}
