package phiquant.engine.safetensors;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.engine.plan.PlannedFile;

/**
 * A safetensors file before its data is there: a u64 with the header's length, the header as JSON,
 * padded with spaces to a multiple of 8, then the tensors one after the other without gaps. Source:
 * the format's specification in safetensors' README.
 */
public final class SafetensorsLayout {
  private static final JsonMapper JSON = new JsonMapper();

  private final Map<String, String> metadata;
  private final List<Entry> entries = new ArrayList<>();
  private long dataBytes;

  private record Entry(String name, String dtype, List<Long> shape, long begin, long end) {}

  /** An empty file with the texts that stand under {@code __metadata__}. */
  public SafetensorsLayout(Map<String, String> metadata) {
    this.metadata = metadata;
  }

  /**
   * Adds a tensor at the end.
   *
   * @param dtype as a header names it, such as {@code BF16}
   * @return where it begins, counted from {@link #dataStart()}
   */
  public long add(String name, String dtype, List<Long> shape, long bytes) {
    long begin = dataBytes;
    dataBytes = Math.addExact(dataBytes, bytes);
    entries.add(new Entry(name, dtype, shape, begin, dataBytes));
    return begin;
  }

  /** Bytes of all tensors so far. */
  public long dataBytes() {
    return dataBytes;
  }

  /** Where the data begins in the file; final once all tensors are added. */
  public long dataStart() {
    return 8L + header().length;
  }

  /** The file with its header. */
  public PlannedFile file(String path) {
    byte[] header = header();
    ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    start.putLong(header.length).put(header);
    return new PlannedFile(
        path, start.capacity() + dataBytes, List.of(new PlannedFile.Fixed(0, start.array())));
  }

  private byte[] header() {
    ObjectNode json = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      metadata.forEach(json.putObject("__metadata__")::put);
    }
    for (Entry entry : entries) {
      ObjectNode tensor = json.putObject(entry.name);
      tensor.put("dtype", entry.dtype);
      ArrayNode shape = tensor.putArray("shape");
      entry.shape.forEach(shape::add);
      tensor.putArray("data_offsets").add(entry.begin).add(entry.end);
    }
    String text = json.toString();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return (text + " ".repeat((8 - bytes.length % 8) % 8)).getBytes(StandardCharsets.UTF_8);
  }
}
