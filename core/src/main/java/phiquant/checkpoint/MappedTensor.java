package phiquant.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.quant.BFloat16;
import phiquant.quant.Half;

/**
 * A tensor of plain elements in a mapped file.
 *
 * @param offset of its first byte in the data, for ordering
 * @param data its bytes
 */
public record MappedTensor(
    String name, DType dtype, List<Long> shape, long offset, MemorySegment data)
    implements StoredTensor {
  @Override
  public String format() {
    return dtype.name();
  }

  @Override
  public long storedBytes() {
    return data.byteSize();
  }

  @Override
  public Optional<Layout> layout() {
    return dtype.isWeight() ? Optional.of(new Layout.Plain(dtype, data)) : Optional.empty();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    long columns = columns();
    decode(first * columns, Math.toIntExact(count * columns), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    for (int row = 0; row < count; row++) {
      decode((first + row) * columns() + firstColumn, width, out, at + row * width);
    }
  }

  private void decode(long element, int count, float[] out, int at) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(data, JAVA_FLOAT_UNALIGNED, 4 * element, out, at, count);
      case F16 -> Half.decode(data, 2 * element, out, at, count);
      case BF16 -> BFloat16.decode(data, 2 * element, out, at, count);
      default ->
          throw new UserError(
              "The tensor '"
                  + name
                  + "' is stored as "
                  + dtype
                  + ", which phiquant does not read as weights; it reads F32, F16 and BF16.");
    }
  }
}
