package phiquant.engine.onnx.writer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.weights.Branches.Parameter;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedFile.Fixed;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.FloatType;

/**
 * An {@code .onnx_adapter}: a FlatBuffer with a table for every tensor that takes the place of an
 * input's default. Tables, names and shapes come first, the data after them, each at a multiple of
 * eight bytes. Source: ONNX Runtime's lora/adapter_format/adapter_schema.fbs, and the format in
 * FlatBuffers' internals.md (offsets count from where they stand; a table begins with the way back
 * to its vtable).
 */
final class AdapterFile {
  /** Bytes of a vtable of four fields, and of a table of four fields of four bytes. */
  private static final int VTABLE = 12;

  private static final int TABLE = 20;

  /** Where the first table is: after its offset, the identifier and its vtable. */
  private static final int ROOT = 8 + VTABLE;

  private static final int PARAMETER_VTABLE = ROOT + TABLE;
  private static final int LIST = PARAMETER_VTABLE + VTABLE;

  /** Of the file, of the adapter and of the model; the engine looks at the first only. */
  private static final int VERSION = 1;

  private final FloatType type;
  private final List<Parameter> parameters;
  private final List<Long> data = new ArrayList<>();
  private final ByteBuffer head;

  private AdapterFile(List<Parameter> parameters, FloatType type) {
    this.parameters = parameters;
    this.type = type;
    int size = LIST + 4 + parameters.size() * (4 + TABLE);
    List<Integer> names = new ArrayList<>();
    List<Integer> shapes = new ArrayList<>();
    for (Parameter parameter : parameters) {
      names.add(size);
      size = aligned(size + 4 + bytes(parameter).length + 1, 4);
      // Eight bytes each, after the count of four.
      shapes.add(aligned(size + 4, 8) - 4);
      size = shapes.getLast() + 4 + 16;
    }
    long end = size;
    for (Parameter parameter : parameters) {
      data.add((end + 4 + 7) / 8 * 8);
      end = data.getLast() + bytesOf(parameter);
    }
    if (end > Integer.MAX_VALUE) {
      throw new UserError("onnx: the adapter has more than 2 GB.", "Merge it with --lora.");
    }
    this.head = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    write(names, shapes);
  }

  /** The artifact: a file by itself. */
  static ArtifactPlan of(String target, String name, List<Parameter> parameters, FloatType type) {
    AdapterFile file = new AdapterFile(parameters, type);
    List<Fixed> fixed = new ArrayList<>();
    fixed.add(new Fixed(0, file.head.array()));
    List<PlannedTensor> planned = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      fixed.add(new Fixed(file.data.get(i) - 4, file.length(parameters.get(i))));
      planned.add(file.planned(parameters.get(i), file.data.get(i)));
    }
    long size = file.data.getLast() + file.bytesOf(parameters.getLast());
    return new ArtifactPlan(
        target, name, true, List.of(new PlannedFile(name, size, fixed)), planned, List.of());
  }

  private void write(List<Integer> names, List<Integer> shapes) {
    head.putInt(ROOT).put("TORT".getBytes(StandardCharsets.US_ASCII));
    vtable();
    head.putInt(VTABLE); // The way back to the vtable.
    head.putInt(VERSION).putInt(VERSION).putInt(VERSION);
    offset(LIST);
    vtable();
    head.putInt(parameters.size());
    int tables = head.position() + 4 * parameters.size();
    for (int i = 0; i < parameters.size(); i++) {
      offset(tables + i * TABLE);
    }
    for (int i = 0; i < parameters.size(); i++) {
      head.putInt(head.position() - PARAMETER_VTABLE);
      offset(names.get(i));
      offset(shapes.get(i));
      head.putInt(ElementType.of(type).number());
      offset(data.get(i) - 4);
    }
    for (int i = 0; i < parameters.size(); i++) {
      byte[] name = bytes(parameters.get(i));
      head.position(names.get(i)).putInt(name.length).put(name);
      head.position(shapes.get(i)).putInt(2);
      parameters.get(i).shape().forEach(head::putLong);
    }
  }

  /** Of four fields of four bytes, all there. */
  private void vtable() {
    head.putShort((short) VTABLE).putShort((short) TABLE);
    for (int field = 4; field < TABLE; field += 4) {
      head.putShort((short) field);
    }
  }

  private void offset(long to) {
    head.putInt(Math.toIntExact(to - head.position()));
  }

  private byte[] length(Parameter parameter) {
    int bytes = Math.toIntExact(bytesOf(parameter));
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes).array();
  }

  private long bytesOf(Parameter parameter) {
    return parameter.source().elements() * type.bytes();
  }

  private PlannedTensor planned(Parameter parameter, long at) {
    StoredTensor source = parameter.source();
    RowEncoder encoder = (x, rows, columns, out) -> type.encode(x, 0, rows * columns, out[0]);
    return new PlannedTensor(
        parameter.name(),
        type.storedName(),
        parameter.shape(),
        bytesOf(parameter),
        source,
        true,
        encoder,
        List.of(new Part(0, at, source.rows() * type.bytes())));
  }

  private static byte[] bytes(Parameter parameter) {
    return parameter.name().getBytes(StandardCharsets.UTF_8);
  }

  private static int aligned(int size, int to) {
    return Math.ceilDiv(size, to) * to;
  }
}
