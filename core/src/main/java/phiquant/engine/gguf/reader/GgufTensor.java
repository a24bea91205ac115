package phiquant.engine.gguf.reader;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/** A tensor of a GGUF file under its own name: blocks in the mapped file, decoded row by row. */
public record GgufTensor(String name, GgmlType type, List<Long> shape, MemorySegment data)
    implements StoredTensor {
  @Override
  public String format() {
    return type.name();
  }

  @Override
  public long storedBytes() {
    return data.byteSize();
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(new Layout.Ggml(type, data));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    BlockFormat format = GgmlFormats.of(type);
    long columns = columns();
    format.decode(data, first * format.bytes(columns), out, at, Math.toIntExact(count * columns));
  }
}
