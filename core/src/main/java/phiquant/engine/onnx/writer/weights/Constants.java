package phiquant.engine.onnx.writer.weights;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PiledRows;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.FloatType;
import phiquant.quant.Int8Rows;
import phiquant.quant.matmulnbits.NBitsColumns;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * Gives weights their places in a data file, declares them in the graph, and plans them for the
 * pipeline.
 */
public final class Constants {
  private final Graph graph;
  private final ExternalData data;
  private final List<PlannedTensor> planned;

  public Constants(Graph graph, String file) {
    this(graph, new ExternalData(1, file), new ArrayList<>());
  }

  private Constants(Graph graph, ExternalData data, List<PlannedTensor> planned) {
    this.graph = graph;
    this.data = data;
    this.planned = planned;
  }

  /** Those of another graph, in the same file. */
  public Constants of(Graph other) {
    return new Constants(other, data, planned);
  }

  /** The same in another file of the artifact. */
  public Constants in(ExternalData other) {
    return new Constants(graph, other, planned);
  }

  /** Where they are declared. */
  public Graph graph() {
    return graph;
  }

  public ExternalData data() {
    return data;
  }

  /** The tensors that the pipeline encodes. */
  public List<PlannedTensor> planned() {
    return planned;
  }

  /**
   * Plain floats.
   *
   * @param transposed whether columns become rows: {@code MatMul} wants [K, N]
   */
  public Value plain(String name, StoredTensor source, boolean transposed, FloatType type) {
    List<Long> shape =
        transposed ? List.of(source.columns(), source.rows()) : List.copyOf(source.shape());
    long size = source.elements() * type.bytes();
    long offset = data.reserve(size);
    RowEncoder encoder = (x, rows, columns, out) -> type.encode(x, 0, rows * columns, out[0]);
    Part part = new Part(data.index(), offset, shape.getLast() * type.bytes());
    planned.add(
        new PlannedTensor(
            name, type.storedName(), shape, size, source, transposed, encoder, List.of(part)));
    return graph.external(name, ElementType.of(type), shape, data.name(), offset);
  }

  /**
   * A matrix of codes in blocks.
   *
   * @param codes u8 of shape [rows, blocks, bytes of a block]
   * @param scales shape [rows, blocks]
   * @param zeroPoints u8 of shape [rows, packed bytes]; null if there are none
   */
  public record Blocks(NBitsFormat format, Value codes, Value scales, Value zeroPoints) {}

  /**
   * Codes with their scales and zero points; rows of {@code source} stay rows. Of matrices that are
   * piled up codes have the shape [matrices, rows, bytes of a row], scales [matrices, rows,
   * blocks].
   *
   * @param importance of the columns of each matrix, if it is known
   */
  public Blocks blocks(
      String name, StoredTensor source, NBitsFormat format, List<float[]> importance) {
    long height = source.rows();
    int columns = Math.toIntExact(source.columns());
    List<Long> outer = source.shape().subList(0, source.shape().size() - 1);
    long blocks = format.blocks(columns);
    List<Part> parts = new ArrayList<>();
    List<Long> inner =
        outer.size() > 1
            ? List.of((long) format.codeBytes(columns))
            : List.of(blocks, (long) format.blockBytes());
    Value codes = rowPart(parts, name + "_Q" + format.bits(), ElementType.UINT8, outer, inner);
    Value scales =
        rowPart(parts, name + "_scales", ElementType.of(format.type()), outer, List.of(blocks));
    Value zeroPoints = null;
    if (format.hasZeroPoints()) {
      List<Long> bytes = List.of((long) format.zeroPointBytes(columns));
      zeroPoints = rowPart(parts, name + "_zero_points", ElementType.UINT8, outer, bytes);
    }
    planned.add(
        new PlannedTensor(
            name,
            describe(format),
            source.shape(),
            height * parts.stream().mapToLong(Part::groupBytes).sum(),
            source,
            false,
            PiledRows.of(importance, height, own -> encoder(format, own, columns)),
            parts));
    return new Blocks(format, codes, scales, zeroPoints);
  }

  private static RowEncoder encoder(NBitsFormat format, Optional<float[]> importance, int columns) {
    NBitsFormat.Weighted rows = importance.map(format::weighted).orElse(format::encode);
    return new EncodedBlocks(rows, format.grid(columns));
  }

  /**
   * A matrix of bytes.
   *
   * @param codes i8 of shape [rows, columns]
   * @param scales f32 of shape [rows]
   * @param zeroPoints i8 of shape [rows], all zero; older engines take their type from them
   */
  public record Rows(Value codes, Value scales, Value zeroPoints) {}

  /** Bytes with a scale for each row. */
  public Rows rows(String name, StoredTensor source) {
    List<Part> parts = new ArrayList<>();
    Value codes = part(parts, name + "_quantized", ElementType.INT8, source.shape());
    Value scales = part(parts, name + "_scale", ElementType.FLOAT, List.of(source.rows()));
    RowEncoder encoder =
        (x, rows, columns, out) -> Int8Rows.encode(x, rows, columns, out[0], out[1]);
    long size = source.elements() + 4 * source.rows();
    planned.add(
        new PlannedTensor(name, "int8 row", source.shape(), size, source, false, encoder, parts));
    List<Long> shape = List.of(source.rows());
    // What no tensor fills is zero in the file.
    long zeros = data.reserve(source.rows());
    return new Rows(
        codes,
        scales,
        graph.external(name + "_zero_point", ElementType.INT8, shape, data.name(), zeros));
  }

  /**
   * Blocks of a turned matrix: codes of shape [columns, rows], a grid for each block of a column.
   */
  public Blocks turned(String name, StoredTensor source, NBitsFormat format) {
    if (source.columns() % format.block() != 0) {
      throw UserError.usage(
          "onnx: use_qdq needs rows that are whole blocks; %s has rows of %d, and block_size is %d."
              .formatted(source.name(), source.columns(), format.block()));
    }
    int rows = Math.toIntExact(source.rows());
    long blocks = source.columns() / format.block();
    NBitsColumns columns = new NBitsColumns(format, rows);
    ElementType type =
        format.bits() == 8
            ? columns.isSigned() ? ElementType.INT8 : ElementType.UINT8
            : columns.isSigned() ? ElementType.INT4 : ElementType.UINT4;
    List<Part> parts = new ArrayList<>();
    List<Long> shape = List.of(source.columns(), source.rows());
    List<Long> grid = List.of(blocks, source.rows());
    int multiple = columns.rowMultiple();
    long blocksOfPart = multiple / format.block();
    Value codes = part(parts, name + "_DQ_Q" + format.bits(), type, shape, multiple);
    Value scales =
        part(parts, name + "_DQ_scales", ElementType.of(format.type()), grid, blocksOfPart);
    Value zeroPoints =
        format.hasZeroPoints()
            ? part(parts, name + "_DQ_zero_points", type, grid, blocksOfPart)
            : null;
    RowEncoder encoder =
        new RowEncoder() {
          @Override
          public int rowMultiple() {
            return multiple;
          }

          @Override
          public void encode(float[] x, int count, int width, MemorySegment[] out) {
            columns.encode(x, count, out);
          }
        };
    long size = data.size() - parts.getFirst().offset();
    planned.add(
        new PlannedTensor(name, describe(format), shape, size, source, true, encoder, parts));
    return new Blocks(format, codes, scales, zeroPoints);
  }

  /** A part with as many bytes for each row, however rows are counted. */
  private Value rowPart(
      List<Part> parts, String name, ElementType type, List<Long> rows, List<Long> row) {
    List<Long> shape = Stream.concat(rows.stream(), row.stream()).toList();
    long bytes = type.bytes(row.stream().reduce(1L, Math::multiplyExact));
    long offset =
        data.reserve(Math.multiplyExact(bytes, rows.stream().reduce(1L, Math::multiplyExact)));
    parts.add(new Part(data.index(), offset, bytes));
    return graph.external(name, type, shape, data.name(), offset);
  }

  private Value part(List<Part> parts, String name, ElementType type, List<Long> shape) {
    return part(parts, name, type, shape, 1);
  }

  /** A part whose bytes come in groups of {@code together} of its outermost dimension. */
  private Value part(
      List<Part> parts, String name, ElementType type, List<Long> shape, long together) {
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    long offset = data.reserve(type.bytes(elements));
    parts.add(new Part(data.index(), offset, type.bytes(elements / shape.getFirst() * together)));
    return graph.external(name, type, shape, data.name(), offset);
  }

  private static String describe(NBitsFormat format) {
    return "int%d b%d%s"
        .formatted(format.bits(), format.block(), format.hasZeroPoints() ? " asym" : "");
  }
}
