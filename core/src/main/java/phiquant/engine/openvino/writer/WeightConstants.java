package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.openvino.IrNames;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.engine.openvino.writer.WeightPrecision.Compressed;
import phiquant.engine.openvino.writer.WeightPrecision.Plain;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PiledRows;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.model.Weight;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.Nf4;
import phiquant.study.InputSquares;

/**
 * Puts weights into a graph: a constant in the form that is stored and the few operators that turn
 * it into f32, in the order that the CPU plugin fuses into its FullyConnected: convert to f16,
 * subtract the zero point, multiply with the scale, join the groups, convert to f32. Scales are
 * f16; with bf16 ones nothing fuses.
 */
final class WeightConstants {
  private final Ir graph;
  private final InputSquares.Found squares;
  private final int bin;
  private final List<PlannedTensor> planned = new ArrayList<>();
  private final List<PlannedTensor> vectors = new ArrayList<>();

  WeightConstants(Ir graph, WeightStorage storage) {
    this.graph = graph;
    this.squares = storage.squares();
    this.bin = storage.bin();
  }

  /** The matrices that the pipeline encodes. */
  List<PlannedTensor> planned() {
    return planned;
  }

  /** The norms and biases that it writes. */
  List<PlannedTensor> vectors() {
    return vectors;
  }

  /** The matrix as f32, shape [rows, columns]; of piled ones [matrices, rows, columns]. */
  Out matrix(Weight weight, WeightPrecision precision) {
    graph.scope(weight.name() + "/");
    if (precision instanceof Plain plain) {
      return plain(weight.tensor(), plain.type());
    }
    Compressed compressed = (Compressed) precision;
    int group = compressed.group();
    return compressed(
        weight.tensor(),
        compressed.format(),
        group == Compressed.WHOLE_ROW ? (int) weight.tensor().columns() : group);
  }

  /** A norm's weight as f32 of shape [1, 1, columns]. */
  Out vector(Weight weight) {
    return vector(graph.scoped("Constant"), weight.tensor());
  }

  /** A bias, in the same form, under its own name: readers know it by that. */
  Out bias(Weight weight) {
    graph.scope(weight.name() + "/");
    return vector(weight.name(), weight.tensor());
  }

  private Out vector(String name, StoredTensor tensor) {
    long size = 4 * tensor.columns();
    long offset = graph.bin().reserve(size);
    vectors.add(
        new PlannedTensor(
            tensor.name(),
            Type.F32.attribute(),
            tensor.shape(),
            size,
            tensor,
            false,
            PlainRows.F32,
            List.of(new Part(bin, offset, size))));
    return graph.constant(name, Type.F32, "1, 1, " + tensor.columns(), offset, size);
  }

  private Out plain(StoredTensor tensor, Type type) {
    int bytes = type == Type.F32 ? 4 : 2;
    RowEncoder encoder = type == Type.F32 ? PlainRows.F32 : PlainRows.F16;
    String shape = above(tensor) + tensor.columns();
    long size = tensor.elements() * bytes;
    long offset = graph.bin().reserve(size);
    plan(
        tensor,
        type.attribute(),
        encoder,
        List.of(new Part(bin, offset, tensor.columns() * bytes)),
        size);
    Out constant = graph.constant(tensor.name(), type, shape, offset, size);
    return type == Type.F32 ? constant : graph.decompress(constant, Type.F32);
  }

  /** All dimensions but the last, each with a comma. */
  private static String above(StoredTensor tensor) {
    List<Long> shape = tensor.shape();
    StringBuilder text = new StringBuilder();
    shape.subList(0, shape.size() - 1).forEach(length -> text.append(length).append(", "));
    return text.toString();
  }

  private Out compressed(StoredTensor tensor, CompressionFormat format, int group) {
    RowEncoder encoder =
        PiledRows.of(
            squares.of(tensor), tensor.rows(), own -> CompressedRows.of(format, group, own));
    long groups = tensor.columns() / group;
    boolean whole = groups == 1;
    String codesShape = above(tensor) + (whole ? "" : groups + ", ") + group;
    String scalesShape = above(tensor) + (whole ? "" : groups + ", ") + 1;
    List<Part> parts = new ArrayList<>();
    int multiple = encoder.rowMultiple();

    long codesSize = tensor.elements() * format.bits() / 8;
    long codesAt = graph.bin().reserve(codesSize);
    parts.add(new Part(bin, codesAt, multiple * tensor.columns() * format.bits() / 8));
    Out values =
        toF16(graph.constant(tensor.name(), codeType(format), codesShape, codesAt, codesSize));
    long size = codesSize;

    if (format.hasZeroPoint()) {
      long zeroSize = Math.ceilDiv(tensor.rows() * groups * format.bits(), 8L);
      long zeroAt = graph.bin().reserve(zeroSize);
      parts.add(new Part(bin, zeroAt, multiple * groups * format.bits() / 8));
      Out zero =
          graph.constant(
              tensor.name() + IrNames.ZERO_POINT, codeType(format), scalesShape, zeroAt, zeroSize);
      values = binary("Subtract", values, toF16(zero));
      size += zeroSize;
    }

    long scaleSize = tensor.rows() * groups * format.scaleBits() / 8;
    long scaleAt = graph.bin().reserve(scaleSize);
    parts.add(new Part(bin, scaleAt, multiple * groups * format.scaleBits() / 8));
    Type scaleType = format.scaleBits() == 8 ? Type.F8E8M0 : Type.F16;
    Out scale =
        graph.constant(tensor.name() + IrNames.SCALE, scaleType, scalesShape, scaleAt, scaleSize);
    values = binary("Multiply", values, scaleType == Type.F16 ? scale : toF16(scale));
    size += scaleSize;

    if (!whole) {
      values =
          graph.op(
              "Reshape",
              "opset1",
              Map.of("special_zero", "false"),
              Type.F16,
              values,
              graph.i64s(tensor.shape().stream().mapToLong(Long::longValue).toArray()));
    }
    plan(
        tensor,
        new Compressed(format, whole ? Compressed.WHOLE_ROW : group).name(),
        encoder,
        parts,
        size);
    return graph.decompress(values, Type.F32);
  }

  private void plan(
      StoredTensor tensor, String format, RowEncoder encoder, List<Part> parts, long size) {
    planned.add(
        new PlannedTensor(
            tensor.name(), format, tensor.shape(), size, tensor, false, encoder, parts));
  }

  private Out toF16(Out input) {
    return graph.op("Convert", "opset1", Map.of("destination_type", "f16"), Type.F16, input);
  }

  private Out binary(String type, Out a, Out b) {
    return graph.op(type, "opset1", Map.of("auto_broadcast", "numpy"), a.type(), a, b);
  }

  private static Type codeType(CompressionFormat format) {
    if (format instanceof IntegerFormat integer) {
      boolean symmetric = integer.symmetric();
      return integer.bits() == 8 ? symmetric ? Type.I8 : Type.U8 : symmetric ? Type.I4 : Type.U4;
    }
    return format instanceof Nf4 ? Type.NF4 : Type.F4E2M1;
  }
}
