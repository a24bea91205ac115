package phiquant.run.matrix.plain;

import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;

/**
 * What matrices of plain numbers share: rows of equal elements, of any length.
 *
 * <p>Their products are as fast as memory is, if it is asked well. Four distant rows are multiplied
 * at once: with one, the numbers of a long row's factor are read as often as the weights, and push
 * each other out of the first cache (with 8192 columns, half of the speed). And each stream of
 * weights has one load instruction, by which processors recognize what to fetch ahead; a loop that
 * C2 unrolls has many, and others before and after it (a quarter of the speed).
 */
public abstract class PlainMatrix extends Matrix {
  final MemorySegment data;
  private final int bytes;

  PlainMatrix(MemorySegment data, int rows, int columns, int bytes, Needs needs) {
    super(rows, columns, needs);
    this.data = data;
    this.bytes = bytes;
  }

  /**
   * The kernel of a type.
   *
   * @param rounding what the engine rounds floats to that it multiplies with 16-bit numbers
   */
  public static PlainMatrix of(
      Layout.Plain plain, int rows, int columns, ActivationRounding rounding) {
    return switch (plain.type()) {
      case F16 -> new HalfMatrix(plain.data(), rows, columns, rounding);
      case BF16 -> new BFloat16Matrix(plain.data(), rows, columns, rounding);
      default -> new FloatMatrix(plain.data(), rows, columns);
    };
  }

  /** How far the four rows are apart that are multiplied at once; the last may be done twice. */
  static int apart(int from, int to) {
    return Math.ceilDiv(to - from, 4);
  }

  /** The element that begins at the given byte. */
  abstract float number(long at);

  /**
   * What the columns after the last whole vectors add to the product of a row.
   *
   * @param at where the row begins
   * @param done columns before
   */
  final float rest(long at, int done, float[] x) {
    float sum = 0;
    for (int k = done; k < columns(); k++) {
      sum += number(at + (long) k * bytes) * x[k];
    }
    return sum;
  }

  /** Where an element begins. */
  final long at(int row, int column) {
    return ((long) row * columns() + column) * bytes;
  }
}
