package phiquant.checkpoint.packed;

import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Renamed;

/**
 * A matrix that is stored as integers: {@code w = (code - zero point) · scale}, scale and zero
 * point shared by neighbours in a row. A target that has the same grid takes the integers and
 * rounds nothing.
 */
public interface GroupedIntegers extends StoredTensor {
  /** Bits of a code: 4 or 8. */
  int bits();

  /** Weights of a row that share a scale; divides a row. */
  int group();

  /** Whether every zero point is the middle, {@code 2^(bits - 1)}. */
  boolean isSymmetric();

  /**
   * Codes from 0 to {@code 2^bits - 1}.
   *
   * @param out {@code [count, columns]}
   */
  void codes(long first, int count, byte[] out);

  /**
   * What groups share.
   *
   * @param scales {@code [count, groups]}
   * @param zeroPoints the same shape
   */
  void grids(long first, int count, float[] scales, byte[] zeroPoints);

  /** The integers of a tensor, whatever it is called, if it is such a matrix. */
  static Optional<GroupedIntegers> of(StoredTensor tensor) {
    return switch (tensor) {
      case GroupedIntegers integers -> Optional.of(integers);
      case Renamed renamed -> of(renamed.tensor());
      default -> Optional.empty();
    };
  }
}
