package phiquant.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import phiquant.checkpoint.safetensors.SafetensorsHeader;

/**
 * A tensor of plain elements whose bytes are fetched when its rows are read, and are nowhere
 * afterwards.
 *
 * @param begin of its bytes in the origin
 * @param origin gives them
 */
public record FetchedTensor(
    String name, DType dtype, List<Long> shape, long begin, FetchedTensor.Origin origin)
    implements StoredTensor {
  /** Where bytes come from. Thread-safe. */
  public interface Origin {
    /** Shows some bytes, which are valid as long as the reader is busy with them. */
    void show(long from, int count, Consumer<MemorySegment> reader);

    /** Where a byte comes, as {@link StoredTensor#position} has it. */
    default long position(long from) {
      return 0;
    }
  }

  /**
   * A file's tensors, in the order of their data.
   *
   * @param place of the file's first byte in the origin
   */
  public static Map<String, StoredTensor> of(SafetensorsHeader header, long place, Origin origin) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (SafetensorsHeader.Entry entry : header.tensors()) {
      long begin = place + header.data() + entry.begin();
      tensors.put(
          entry.name(),
          new FetchedTensor(entry.name(), entry.dtype(), entry.shape(), begin, origin));
    }
    return tensors;
  }

  @Override
  public String format() {
    return dtype.name();
  }

  @Override
  public long storedBytes() {
    return elements() * dtype.bytes();
  }

  @Override
  public long position(long row) {
    return origin.position(begin + row * columns() * dtype.bytes());
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    decode(first * columns(), Math.toIntExact(count * columns()), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    for (int row = 0; row < count; row++) {
      decode((first + row) * columns() + firstColumn, width, out, at + row * width);
    }
  }

  /** As a file with just these elements would be read. */
  private void decode(long element, int count, float[] out, int at) {
    if (count == 0) {
      return;
    }
    origin.show(
        begin + element * dtype.bytes(),
        Math.multiplyExact(count, dtype.bytes()),
        bytes ->
            new MappedTensor(name, dtype, List.of((long) count), 0, bytes).read(0, 1, out, at));
  }
}
