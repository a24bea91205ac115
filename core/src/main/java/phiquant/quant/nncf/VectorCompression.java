package phiquant.quant.nncf;

/**
 * A format whose codes are made with the Vector API. All but {@link #encode} is as in the scalar
 * form, which it must equal bit for bit.
 */
sealed interface VectorCompression extends CompressionFormat
    permits VectorIntegerFormat, VectorNf4, VectorF4E2M1 {
  /** The form that reads like the formula. */
  CompressionFormat scalar();

  @Override
  default String name() {
    return scalar().name();
  }

  @Override
  default int bits() {
    return scalar().bits();
  }

  @Override
  default boolean hasZeroPoint() {
    return scalar().hasZeroPoint();
  }

  @Override
  default int scaleBits() {
    return scalar().scaleBits();
  }

  @Override
  default float decode(byte code, Grid grid) {
    return scalar().decode(code, grid);
  }

  @Override
  default void decode(byte[] codes, int at, int count, Grid grid, float[] y, int from) {
    scalar().decode(codes, at, count, grid, y, from);
  }
}
