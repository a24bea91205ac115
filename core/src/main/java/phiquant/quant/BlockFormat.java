package phiquant.quant;

import java.lang.foreign.MemorySegment;

/**
 * A number format: a pure pair of functions between floats and blocks of bytes. A block holds
 * {@link #blockSize()} weights of one row in {@link #blockBytes()} bytes; rows are whole numbers of
 * blocks. Implementations hold no state and may be used by many threads.
 */
public interface BlockFormat {
  /** The name that its engine gives it, such as {@code Q4_K}. */
  String name();

  /** Weights in a block. */
  int blockSize();

  /** Bytes of a block. */
  int blockBytes();

  /** Bytes that {@code weights} weights take; {@code weights} is a multiple of the block size. */
  default long bytes(long weights) {
    return Math.multiplyExact(weights / blockSize(), (long) blockBytes());
  }

  /** Bits that one weight takes, scales included. */
  default double bitsPerWeight() {
    return 8.0 * blockBytes() / blockSize();
  }

  /**
   * Encodes {@code x[from .. from + count)} into {@code out} from byte {@code at}.
   *
   * @param count a multiple of the block size
   */
  void encode(float[] x, int from, int count, MemorySegment out, long at);

  /**
   * This format with an encoder that minimizes a weighted error: column i of a row counts {@code
   * importance[i]} times. Rows have as many columns, and {@link #encode} gets whole rows. The
   * format itself if its encoder does not search.
   *
   * @param importance not negative, such as the mean square of what is multiplied with that column
   */
  default BlockFormat weighted(float[] importance) {
    return this;
  }

  /** Decodes {@code count} weights from byte {@code at} of {@code in} into {@code y[from ..)}. */
  void decode(MemorySegment in, long at, float[] y, int from, int count);
}
