package phiquant.checkpoint;

import java.util.List;
import java.util.Optional;

/**
 * A named tensor of a checkpoint, wherever and however it is stored: plain elements, quantized
 * blocks, or rows taken from several stored tensors. Its rows come out as floats; nothing is read
 * before they are asked for.
 */
public interface StoredTensor {
  /** The name that Hugging Face gives it, such as {@code model.layers.0.mlp.down_proj.weight}. */
  String name();

  /** Dimensions, outermost first: {@code [rows, columns]} for a matrix, {@code [columns]} else. */
  List<Long> shape();

  /** How it is stored: {@code BF16}, {@code Q4_K}, {@code affine 4-bit}. */
  String format();

  /** Bytes that it takes in the file. */
  long storedBytes();

  /** Elements in one row: the last dimension. */
  default long columns() {
    return shape().isEmpty() ? 1 : shape().get(shape().size() - 1);
  }

  /** Product of all dimensions but the last (1 for a vector). */
  default long rows() {
    long rows = 1;
    for (int i = 0; i < shape().size() - 1; i++) {
      rows *= shape().get(i);
    }
    return rows;
  }

  /** Number of elements. */
  default long elements() {
    return rows() * columns();
  }

  /**
   * Where its numbers lie, for who computes on them in place; empty if they can only be {@link
   * #read}.
   */
  default Optional<Layout> layout() {
    return Optional.empty();
  }

  /**
   * Where the first byte that reading from a row on needs comes, in the order in which the source
   * delivers bytes; 0 if they lie at hand.
   */
  default long position(long row) {
    return 0;
  }

  /**
   * Decodes {@code count} rows from row {@code first} into {@code out} from index {@code at}.
   * Thread-safe.
   */
  void read(long first, int count, float[] out, int at);

  /**
   * Decodes columns {@code [firstColumn, firstColumn + width)} of {@code count} rows, row by row,
   * into {@code out}: for targets that store a matrix transposed. Thread-safe.
   */
  default void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    float[] row = new float[Math.toIntExact(columns())];
    for (int r = 0; r < count; r++) {
      read(first + r, 1, row, 0);
      System.arraycopy(row, firstColumn, out, at + r * width, width);
    }
  }
}
