package phiquant.engine.openvino.ir;

import static java.util.Collections.nCopies;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph of OpenVINO operators under construction. Every method adds one layer and returns its
 * output, so that a model reads as a program. Shapes are left to the engine, which infers them when
 * it reads the file. Source: OpenVINO's operation specifications, opset 1 to 15, IR version 11.
 */
public final class Ir {
  /**
   * An output of a layer.
   *
   * @param layer the layer's number
   * @param port the output's port in that layer; ports count inputs first
   * @param type of its elements
   */
  public record Out(int layer, int port, Type type) {}

  /** A layer as the file has it; {@code names} are tensor names of its first output. */
  public record Layer(
      String name,
      String type,
      String opset,
      Map<String, String> attributes,
      List<Out> inputs,
      List<Type> outputs,
      String names,
      boolean decompression) {}

  private final List<Layer> layers = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private final Bin bin = new Bin();
  private String scope = "";

  /** The layers in the order of their numbers; inputs have lower numbers than their users. */
  public List<Layer> layers() {
    return layers;
  }

  public Bin bin() {
    return bin;
  }

  /** From now on, names of layers begin with this. */
  public void scope(String prefix) {
    scope = prefix;
  }

  /** A layer's name in the scope. */
  public String scoped(String name) {
    return scope + name;
  }

  /** An input of the model. */
  public Out parameter(String name, Type type, String shape) {
    return layer(
        name,
        "Parameter",
        "opset1",
        Map.of("shape", shape, "element_type", type.attribute()),
        List.of(),
        List.of(type),
        name,
        false);
  }

  /** A layer with one output. */
  public Out op(
      String type, String opset, Map<String, String> attributes, Type output, Out... inputs) {
    return layer(
        scope + type, type, opset, attributes, List.of(inputs), List.of(output), null, false);
  }

  /** A layer with several outputs of the first input's type. */
  public List<Out> split(
      String type, String opset, Map<String, String> attributes, int outputs, Out... inputs) {
    return ops(type, opset, attributes, nCopies(outputs, inputs[0].type()), List.of(inputs));
  }

  /** A layer with several outputs. */
  public List<Out> ops(
      String type,
      String opset,
      Map<String, String> attributes,
      List<Type> outputs,
      List<Out> inputs) {
    Out first = layer(scope + type, type, opset, attributes, inputs, outputs, null, false);
    List<Out> all = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      all.add(new Out(first.layer(), first.port() + i, outputs.get(i)));
    }
    return all;
  }

  /** A layer whose first output is known under tensor names. */
  public Out named(
      String names,
      String type,
      String opset,
      Map<String, String> attributes,
      Type output,
      Out... inputs) {
    return layer(
        scope + type, type, opset, attributes, List.of(inputs), List.of(output), names, false);
  }

  /** Gives a layer's first output a tensor name, and makes it an output of the model. */
  public void result(String name, Out x) {
    Layer last = layers.get(x.layer());
    layers.set(
        x.layer(),
        new Layer(
            last.name(),
            last.type(),
            last.opset(),
            last.attributes(),
            last.inputs(),
            last.outputs(),
            name,
            last.decompression()));
    sink("Result", "opset1", Map.of(), false, x);
  }

  /** Ends a computation: Assign and Result have no use for an output. */
  public void sink(
      String type, String opset, Map<String, String> attributes, boolean output, Out input) {
    layer(
        scope + type,
        type,
        opset,
        attributes,
        List.of(input),
        output ? List.of(input.type()) : List.of(),
        null,
        false);
  }

  /** A conversion that the engine must keep beside the constant, so that weights stay small. */
  public Out decompress(Out input, Type type) {
    return layer(
        scope + "Convert",
        "Convert",
        "opset1",
        Map.of("destination_type", type.attribute()),
        List.of(input),
        List.of(type),
        null,
        true);
  }

  /** A constant whose bytes the pipeline writes at {@code offset}. */
  public Out constant(String name, Type type, String shape, long offset, long size) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("element_type", type.attribute());
    attributes.put("shape", shape);
    attributes.put("offset", Long.toString(offset));
    attributes.put("size", Long.toString(size));
    return layer(name, "Const", "opset1", attributes, List.of(), List.of(type), null, false);
  }

  private Out constant(Type type, String shape, byte[] bytes) {
    return constant(scoped("Constant"), type, shape, bin.place(bytes), bytes.length);
  }

  /** A vector of 64-bit integers. */
  public Out i64s(long... values) {
    return constant(Type.I64, Integer.toString(values.length), longs(values));
  }

  /** A 64-bit integer. */
  public Out i64(long value) {
    return constant(Type.I64, "", longs(value));
  }

  /** A 32-bit integer. */
  public Out i32(int value) {
    return constant(Type.I32, "", ints(value));
  }

  /** A vector of 32-bit integers. */
  public Out i32s(int... values) {
    return constant(Type.I32, Integer.toString(values.length), ints(values));
  }

  /** Bytes: text as OpenVINO's string operators take it. */
  public Out u8s(byte[] values) {
    return constant(Type.U8, Integer.toString(values.length), values);
  }

  /** A constant truth value. */
  public Out bool(boolean value) {
    return constant(Type.BOOLEAN, "", new byte[] {(byte) (value ? 1 : 0)});
  }

  /** Floats of a shape such as {@code "1, 1, 768"}. */
  public Out f32(String shape, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return constant(Type.F32, shape, bytes.array());
  }

  private static byte[] longs(long... values) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      bytes.putLong(value);
    }
    return bytes.array();
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  private Out layer(
      String name,
      String type,
      String opset,
      Map<String, String> attributes,
      List<Out> inputs,
      List<Type> outputs,
      String tensorNames,
      boolean decompression) {
    int id = layers.size();
    String unique = names.add(name) ? name : name + "_" + id;
    names.add(unique);
    layers.add(
        new Layer(unique, type, opset, attributes, inputs, outputs, tensorNames, decompression));
    return new Out(id, inputs.size(), outputs.isEmpty() ? null : outputs.get(0));
  }
}
