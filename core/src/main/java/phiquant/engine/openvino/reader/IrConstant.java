package phiquant.engine.openvino.reader;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;

/**
 * A constant of an IR: numbers in the .bin.
 *
 * @param name of its layer
 * @param shape outermost dimension first
 * @param data its bytes, as many as type and shape call for
 */
record IrConstant(String name, IrType type, List<Long> shape, MemorySegment data) {
  /**
   * The constant of a layer; empty if its type is none that weights have.
   *
   * @throws UserError if its place or size does not fit the file
   */
  static Optional<IrConstant> of(Path path, IrFile.Layer layer, MemorySegment bin) {
    Map<String, String> attributes = layer.attributes();
    Optional<IrType> type = IrType.named(attributes.getOrDefault("element_type", ""));
    if (type.isEmpty()) {
      return Optional.empty();
    }
    String what = path + ": the constant '" + layer.name() + "'";
    List<Long> shape = new ArrayList<>();
    long bits = type.get().bits();
    String dimensions = attributes.getOrDefault("shape", "").strip();
    for (String dimension : dimensions.isEmpty() ? new String[0] : dimensions.split(",")) {
      shape.add(number(what, "shape", dimension.strip()));
      try {
        bits = Math.multiplyExact(bits, shape.getLast());
      } catch (ArithmeticException e) {
        throw new UserError(what + " has an impossible shape: " + dimensions + ".", e);
      }
    }
    long offset = number(what, "offset", attributes.getOrDefault("offset", ""));
    long size = number(what, "size", attributes.getOrDefault("size", ""));
    if (size > bin.byteSize() || offset > bin.byteSize() - size) {
      throw new UserError(
          "%s lies at %d and has %d bytes, but the .bin has %d."
              .formatted(what, offset, size, bin.byteSize()),
          "The .bin is cut, or does not belong to this XML: download both again.");
    }
    if (size != Math.ceilDiv(bits, 8L)) {
      throw new UserError(
          "%s has %d bytes, but %s [%s] takes %d."
              .formatted(
                  what, size, attributes.get("element_type"), dimensions, Math.ceilDiv(bits, 8L)));
    }
    return Optional.of(
        new IrConstant(layer.name(), type.get(), List.copyOf(shape), bin.asSlice(offset, size)));
  }

  /** The same numbers with the first two dimensions as one. */
  IrConstant flat() {
    List<Long> flat = new ArrayList<>(shape.subList(1, shape.size()));
    flat.set(0, shape.get(0) * shape.get(1));
    return new IrConstant(name, type, List.copyOf(flat), data);
  }

  /** Product of the dimensions. */
  long elements() {
    return shape.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
  }

  private static long number(String what, String attribute, String text) {
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below, with the negative ones.
    }
    throw new UserError(what + " has the " + attribute + " '" + text + "', which is no size.");
  }
}
