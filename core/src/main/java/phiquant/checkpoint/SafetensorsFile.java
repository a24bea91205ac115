package phiquant.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;

/**
 * One safetensors file. Layout: the header's length as a little-endian u64, the header as a JSON
 * object of at most 100 MB from names to dtype, shape and data_offsets (plus {@code __metadata__}),
 * then the data. Offsets count from the end of the header; tensors must tile the data without holes
 * or overlap. Source: the format's specification in safetensors' README and {@code tensor.rs}.
 *
 * @param path of the file
 * @param metadata the texts under {@code __metadata__}
 * @param tensors by name, in the order of their data
 */
public record SafetensorsFile(
    Path path, Map<String, String> metadata, Map<String, MappedTensor> tensors) {
  /** The format allows 100 MB; a shard with a thousand tensors has a hundredth of this. */
  private static final long MAX_HEADER = 10_000_000;

  /**
   * Maps a file and checks its header against its size.
   *
   * @throws UserError naming the file and the rule that it breaks
   */
  public static SafetensorsFile open(Path path, MappedFiles files) {
    MemorySegment file = files.map(path);
    if (file.byteSize() < 8) {
      throw new UserError(path + " is too short to be a safetensors file.");
    }
    long length = file.get(JAVA_LONG_UNALIGNED, 0);
    if (length > MAX_HEADER && length <= file.byteSize() - 8) {
      throw new UserError(
          "%s has a header of %d MB, more than any model's needs."
              .formatted(path, length / 1_000_000));
    }
    if (length < 2 || length > file.byteSize() - 8) {
      throw new UserError(
          path
              + " is not a safetensors file, or is cut: its header is said to have "
              + Long.toUnsignedString(length)
              + " bytes, the file has "
              + file.byteSize()
              + ".");
    }
    byte[] bytes = file.asSlice(8, length).toArray(JAVA_BYTE);
    if (bytes[0] != '{') {
      throw new UserError(path + " is not a safetensors file: its header is not a JSON object.");
    }
    ObjectNode header = Json.object(bytes, path + ": the header");
    MemorySegment data = file.asSlice(8 + length);
    Map<String, String> metadata = new LinkedHashMap<>();
    List<MappedTensor> tensors = new ArrayList<>();
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
    tensors.sort(Comparator.comparingLong(MappedTensor::offset));
    checkTiling(path, tensors, data.byteSize());
    Map<String, MappedTensor> byName = new LinkedHashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    return new SafetensorsFile(path, metadata, byName);
  }

  private static String text(Path path, JsonNode value) {
    if (!value.isTextual()) {
      throw new UserError(
          path + ": __metadata__ holds " + abbreviate(value.toString()) + ", which is no text.");
    }
    return value.textValue();
  }

  private static MappedTensor tensor(Path path, String name, JsonNode info, MemorySegment data) {
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
        || end > data.byteSize()) {
      throw new UserError(
          what
              + " lies at "
              + abbreviate(offsets.toString())
              + ", but the data has "
              + data.byteSize()
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
    return new MappedTensor(name, dtype, List.copyOf(shape), begin, data.asSlice(begin, bytes));
  }

  private static void checkTiling(Path path, List<MappedTensor> sorted, long size) {
    long end = 0;
    for (MappedTensor tensor : sorted) {
      if (tensor.offset() != end) {
        throw new UserError(
            path
                + ": the tensor '"
                + abbreviate(tensor.name())
                + "' begins at byte "
                + tensor.offset()
                + " of the data, where "
                + end
                + " is expected: "
                + (tensor.offset() < end ? "tensors overlap." : "there is a hole."));
      }
      end += tensor.storedBytes();
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
