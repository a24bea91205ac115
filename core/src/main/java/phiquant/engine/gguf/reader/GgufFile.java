package phiquant.engine.gguf.reader;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/**
 * One GGUF file, version 2 or 3, little-endian: metadata and tensors where they lie in the mapped
 * file. Every length, count and offset is checked against the file before it is believed. Source:
 * ggml's docs/gguf.md.
 *
 * @param path of the file
 * @param version 2 or 3
 * @param metadata values by key: Long, Double, Boolean, String, or a List of these
 * @param tensors by name, in the order of the file
 */
public record GgufFile(
    Path path, int version, Map<String, Object> metadata, Map<String, GgufTensor> tensors) {
  private static final int MAX_DIMENSIONS = 4;

  /**
   * Reads a file's header.
   *
   * @param file the whole file
   * @throws UserError naming the file and what is wrong with it
   */
  public static GgufFile read(Path path, MemorySegment file) {
    GgufReader in = new GgufReader(path, file);
    int version = in.magicAndVersion();
    // A tensor's description takes 24 bytes at least, a key 13.
    int tensorCount = in.few(24, "tensors");
    int keyCount = in.few(13, "keys");
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (int i = 0; i < keyCount; i++) {
      String key = in.name();
      if (metadata.put(key, in.value(0)) != null) {
        throw in.wrong("the key '" + GgufReader.abbreviate(key) + "' stands twice");
      }
    }
    List<Info> infos = new ArrayList<>();
    for (int i = 0; i < tensorCount; i++) {
      infos.add(info(in));
    }
    long alignment = metadata.get("general.alignment") instanceof Long stated ? stated : 32;
    if (alignment < 8 || alignment > 1 << 20 || alignment % 8 != 0) {
      throw in.wrong("the alignment is " + alignment);
    }
    long start = Math.ceilDiv(in.position(), alignment) * alignment;
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (Info info : infos) {
      GgufTensor tensor = tensor(in, info, start, alignment, file);
      if (tensors.put(info.name(), tensor) != null) {
        throw in.wrong("the tensor '" + GgufReader.abbreviate(info.name()) + "' stands twice");
      }
    }
    return new GgufFile(path, version, metadata, tensors);
  }

  private record Info(String name, List<Long> shape, int type, long offset) {}

  private static Info info(GgufReader in) {
    String name = in.name();
    int dimensions = in.u32();
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw in.wrong(
          "the tensor '"
              + GgufReader.abbreviate(name)
              + "' has "
              + Integer.toUnsignedString(dimensions)
              + " dimensions");
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      shape.add(0, in.u64()); // The file has the row length first.
    }
    return new Info(name, List.copyOf(shape), in.u32(), in.u64());
  }

  private static GgufTensor tensor(
      GgufReader in, Info info, long start, long alignment, MemorySegment file) {
    String what = "the tensor '" + GgufReader.abbreviate(info.name()) + "'";
    GgmlType type =
        GgmlType.withId(info.type())
            .orElseThrow(
                () ->
                    in.wrong(
                        what
                            + " has the type number "
                            + Integer.toUnsignedString(info.type())
                            + ", which phiquant does not read"));
    long elements = 1;
    for (long dimension : info.shape()) {
      if (dimension < 0 || (dimension > 0 && elements > Long.MAX_VALUE / dimension)) {
        throw in.wrong(what + " has the impossible shape " + info.shape());
      }
      elements *= dimension;
    }
    long columns = info.shape().get(info.shape().size() - 1);
    if (columns % type.blockSize() != 0) {
      throw in.wrong(what + " has rows of " + columns + ", which " + type + " cannot have");
    }
    if (elements > Long.MAX_VALUE / 4) {
      throw in.wrong(what + " has the impossible shape " + info.shape());
    }
    long bytes = GgmlFormats.of(type).bytes(elements);
    long room = file.byteSize() - start;
    if (info.offset() < 0
        || info.offset() % alignment != 0
        || info.offset() > room
        || bytes > room - info.offset()) {
      throw in.wrong(
          what
              + " should take "
              + bytes
              + " bytes at "
              + Long.toUnsignedString(info.offset())
              + ", but the data has "
              + Math.max(0, room)
              + "; the file is cut or damaged");
    }
    return new GgufTensor(
        info.name(), type, info.shape(), file.asSlice(start + info.offset(), bytes));
  }

  /** A key's text, or null. */
  public String text(String key) {
    return metadata.get(key) instanceof String text ? text : null;
  }

  /**
   * A key's number.
   *
   * @throws UserError if it is missing or no number
   */
  public double number(String key) {
    if (metadata.get(key) instanceof Number number) {
      return number.doubleValue();
    }
    throw new UserError(path + " has no number under '" + key + "'.");
  }

  /** A key's list, or an empty one. */
  public List<?> list(String key) {
    return metadata.get(key) instanceof List<?> list ? list : List.of();
  }
}
