package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.quant.FloatType;
import phiquant.quant.grid.GridFormat;

/**
 * A format whose codes are made with the Vector API. All but {@link #encode} is as in the scalar
 * form, which it must equal bit for bit.
 */
sealed interface VectorForm extends GroupFormat
    permits VectorAffineFormat, VectorMicroscaledFormat {
  /** The form that reads like the formula. */
  GroupFormat scalar();

  @Override
  default String mode() {
    return scalar().mode();
  }

  @Override
  default int bits() {
    return scalar().bits();
  }

  @Override
  default int groupSize() {
    return scalar().groupSize();
  }

  @Override
  default FloatType type() {
    return scalar().type();
  }

  @Override
  default int scaleBytes() {
    return scalar().scaleBytes();
  }

  @Override
  default int biasBytes() {
    return scalar().biasBytes();
  }

  @Override
  default Optional<GridFormat> grid() {
    return scalar().grid();
  }

  @Override
  default void decode(
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases,
      int groups,
      float[] y,
      int from) {
    scalar().decode(packed, scales, biases, groups, y, from);
  }
}
