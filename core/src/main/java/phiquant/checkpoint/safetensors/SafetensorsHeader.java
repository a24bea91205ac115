package phiquant.checkpoint.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Json;

/**
 * What stands at the beginning of a safetensors file. Layout: the header's length as a
 * little-endian u64, the header as a JSON object of at most 100 MB from names to dtype, shape and
 * data_offsets (plus {@code __metadata__}), then the data. Offsets count from the end of the
 * header; tensors must tile the data without holes or overlap. Source: the format's specification
 * in safetensors' README and {@code tensor.rs}.
 *
 * @param data where in the file the data begins
 * @param metadata the texts under {@code __metadata__}
 * @param tensors in the order of their data
 */
public record SafetensorsHeader(long data, Map<String, String> metadata, List<Entry> tensors) {
  /** The format allows 100 MB; a shard with a thousand tensors has a hundredth of this. */
  private static final long MAX_HEADER = 10_000_000;

  /**
   * A tensor.
   *
   * @param begin of its bytes in the data
   * @param bytes how many
   */
  public record Entry(String name, DType dtype, List<Long> shape, long begin, long bytes) {}

  /** Gives so many of a file's bytes, which it has. */
  public interface Bytes {
    byte[] read(long offset, int count);
  }

  /**
   * Reads it and checks it against the file's size.
   *
   * @throws UserError naming the file and the rule that it breaks
   */
  public static SafetensorsHeader read(Path path, long size, Bytes file) {
    if (size < 8) {
      throw new UserError(path + " is too short to be a safetensors file.");
    }
    long length = ByteBuffer.wrap(file.read(0, 8)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length > MAX_HEADER && length <= size - 8) {
      throw new UserError(
          "%s has a header of %d MB, more than any model's needs."
              .formatted(path, length / 1_000_000));
    }
    if (length < 2 || length > size - 8) {
      throw new UserError(
          path
              + " is not a safetensors file, or is cut: its header is said to have "
              + Long.toUnsignedString(length)
              + " bytes, the file has "
              + size
              + ".");
    }
    byte[] bytes = file.read(8, (int) length);
    if (bytes[0] != '{') {
      throw new UserError(path + " is not a safetensors file: its header is not a JSON object.");
    }
    ObjectNode header = Json.object(bytes, path + ": the header");
    long data = size - 8 - length;
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Entry> tensors = new ArrayList<>();
    header
        .properties()
        .forEach(
            entry -> {
              if (entry.getKey().equals("__metadata__")) {
                entry
                    .getValue()
                    .properties()
                    .forEach(text -> metadata.put(text.getKey(), text(path, text.getValue())));
              } else {
                tensors.add(tensor(path, entry.getKey(), entry.getValue(), data));
              }
            });
    tensors.sort(Comparator.comparingLong(Entry::begin));
    checkTiling(path, tensors, data);
    return new SafetensorsHeader(8 + length, metadata, List.copyOf(tensors));
  }

  private static String text(Path path, JsonNode value) {
    if (!value.isTextual()) {
      throw new UserError(
          path + ": __metadata__ holds " + abbreviate(value.toString()) + ", which is no text.");
    }
    return value.textValue();
  }

  private static Entry tensor(Path path, String name, JsonNode info, long size) {
    String what = path + ": the tensor '" + abbreviate(name) + "'";
    DType dtype =
        DType.named(info.path("dtype").asText())
            // In capitals only: the library that everyone reads such files with takes no others.
            .filter(known -> known.name().equals(info.path("dtype").asText()))
            .orElseThrow(
                () ->
                    new UserError(
                        what
                            + " has the unknown dtype '"
                            + abbreviate(info.path("dtype").asText())
                            + "'."));
    List<Long> shape = new ArrayList<>();
    long bytes = dtype.bytes();
    for (JsonNode dimension : info.path("shape")) {
      if (Json.whole(dimension).orElse(-1) < 0) {
        throw new UserError(what + " has a shape with " + abbreviate(dimension.toString()) + ".");
      }
      shape.add(dimension.asLong());
      try {
        bytes = Math.multiplyExact(bytes, dimension.asLong());
      } catch (ArithmeticException e) {
        throw new UserError(what + " has an impossible shape: " + shape + "…", e);
      }
    }
    JsonNode offsets = info.path("data_offsets");
    long begin = Json.whole(offsets.path(0)).orElse(-1);
    long end = Json.whole(offsets.path(1)).orElse(-1);
    if (!info.path("shape").isArray()
        || offsets.size() != 2
        || begin < 0
        || end < begin
        || end > size) {
      throw new UserError(
          what
              + " lies at "
              + abbreviate(offsets.toString())
              + ", but the data has "
              + size
              + " bytes.",
          "The file is cut or damaged: download it again.");
    }
    if (end - begin != bytes) {
      throw new UserError(
          what
              + " takes "
              + (end - begin)
              + " bytes, but "
              + dtype
              + " "
              + shape
              + " takes "
              + bytes
              + ".");
    }
    return new Entry(name, dtype, List.copyOf(shape), begin, bytes);
  }

  private static void checkTiling(Path path, List<Entry> sorted, long size) {
    long end = 0;
    for (Entry tensor : sorted) {
      if (tensor.begin() != end) {
        throw new UserError(
            path
                + ": the tensor '"
                + abbreviate(tensor.name())
                + "' begins at byte "
                + tensor.begin()
                + " of the data, where "
                + end
                + " is expected: "
                + (tensor.begin() < end ? "tensors overlap." : "there is a hole."));
      }
      end += tensor.bytes();
    }
    if (end != size) {
      throw new UserError(
          path + " has " + (size - end) + " bytes after its last tensor; it is damaged.");
    }
  }

  private static String abbreviate(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
