package phiquant.trust;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sound safetensors file in two parts, to be changed and put together again.
 *
 * @param header from names to dtype, shape and data_offsets
 * @param data what the offsets count in
 */
record SafetensorsBytes(ObjectNode header, byte[] data) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static SafetensorsBytes parse(byte[] file) {
    try {
      int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
      ObjectNode header = (ObjectNode) JSON.readTree(file, 8, length);
      return new SafetensorsBytes(header, Arrays.copyOfRange(file, 8 + length, file.length));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The tensors in the order of the header. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    header.fieldNames().forEachRemaining(names::add);
    names.remove("__metadata__");
    return names;
  }

  /** Some of the tensors, moved together. */
  SafetensorsBytes only(List<String> names) {
    ObjectNode some = JSON.createObjectNode();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String name : names) {
      JsonNode offsets = header.path(name).path("data_offsets");
      int begin = offsets.path(0).asInt();
      int size = offsets.path(1).asInt() - begin;
      ObjectNode entry = header.path(name).deepCopy();
      entry.putArray("data_offsets").add(bytes.size()).add(bytes.size() + size);
      some.set(name, entry);
      bytes.write(data, begin, size);
    }
    return new SafetensorsBytes(some, bytes.toByteArray());
  }

  byte[] bytes() {
    return bytes(header.toString());
  }

  /** The file with another text as its header. */
  byte[] bytes(String text) {
    byte[] head = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(8 + head.length + data.length);
    return out.order(ByteOrder.LITTLE_ENDIAN).putLong(head.length).put(head).put(data).array();
  }
}
