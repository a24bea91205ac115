package phiquant.checkpoint.packed;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * A table of small integers in words of 32 bits: a word holds neighbours of one column or of one
 * row.
 *
 * @param data the words, little-endian
 * @param bits of an integer: 4 or 8
 * @param down whether a word holds rows of one column; otherwise columns of one row
 * @param rowStride words from one row, or word of rows, to the next
 * @param columnStride words from one column, or word of columns, to the next
 * @param places where in its word each neighbour is, counted from the lowest
 */
record Words(
    MemorySegment data, int bits, boolean down, long rowStride, long columnStride, int[] places) {
  private static final java.lang.foreign.ValueLayout.OfInt WORD =
      JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The order of AutoAWQ's kernels: of eight neighbours the even ones first ({@code gemm.py}). */
  private static final int[] EVEN_FIRST = {0, 4, 1, 5, 2, 6, 3, 7};

  /** Neighbours from the lowest bits on. */
  static Words inOrder(
      MemorySegment data, int bits, boolean down, long rowStride, long columnStride) {
    int[] places = new int[32 / bits];
    for (int i = 0; i < places.length; i++) {
      places[i] = i;
    }
    return new Words(data, bits, down, rowStride, columnStride, places);
  }

  /** Rows of 4 bits in AutoAWQ's order: {@code [columns, rows / 8]} words. */
  static Words evenFirst(MemorySegment data, long rows) {
    return new Words(data, 4, true, 1, rows / 8, EVEN_FIRST);
  }

  /** The integer there. */
  int get(long row, long column) {
    int each = places.length;
    long word =
        down
            ? row / each * rowStride + column * columnStride
            : row * rowStride + column / each * columnStride;
    int place = places[(int) ((down ? row : column) % each)];
    return data.get(WORD, 4 * word) >>> place * bits & (1 << bits) - 1;
  }
}
