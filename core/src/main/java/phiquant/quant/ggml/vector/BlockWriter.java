package phiquant.quant.ggml.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A batch of blocks on its way to memory. Blocks are put together in an array, eight bytes at a
 * time, and leave it in one copy: many small copies into a segment would cost more than encoding.
 */
final class BlockWriter {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final byte[] narrow;

  /**
   * Space for a batch.
   *
   * @param size bytes of the blocks of a batch
   * @param codes bytes among them that come from {@link #narrow}
   */
  BlockWriter(int size, int codes) {
    this.bytes = new byte[size];
    this.narrow = new byte[codes];
  }

  /** Takes the low bytes of integers, for {@link #putCodes}. */
  void narrow(int[] wide, int count) {
    for (int i = 0; i < count; i++) {
      narrow[i] = (byte) wide[i];
    }
  }

  /** Puts {@code count} narrowed bytes, a multiple of 8, to a place in the batch. */
  void putCodes(int from, int at, int count) {
    for (int i = 0; i < count; i += 8) {
      LONG.set(bytes, at + i, (long) LONG.get(narrow, from + i));
    }
  }

  void putHalf(int at, float value) {
    short bits = Float.floatToFloat16(value);
    bytes[at] = (byte) bits;
    bytes[at + 1] = (byte) (bits >> 8);
  }

  void putInt(int at, int value) {
    INT.set(bytes, at, value);
  }

  void put(int at, int value) {
    bytes[at] = (byte) value;
  }

  /** Copies the first {@code count} bytes of the batch to their segment. */
  void flush(MemorySegment out, long at, int count) {
    MemorySegment.copy(bytes, 0, out, ValueLayout.JAVA_BYTE, at, count);
  }
}
