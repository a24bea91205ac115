package phiquant.quant.nncf;

/**
 * Codes that number the levels of an uneven grid, which the scale stretches so that it reaches the
 * group's largest magnitude.
 */
sealed interface LevelFormat extends CompressionFormat permits Nf4, F4E2M1 {
  @Override
  default int bits() {
    return 4;
  }

  @Override
  default boolean hasZeroPoint() {
    return false;
  }

  @Override
  default Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    float largest = 0;
    for (int i = from; i < from + count; i++) {
      largest = Math.abs(x[i]) > largest ? Math.abs(x[i]) : largest;
    }
    Grid grid = grid(largest);
    for (int i = 0; i < count; i++) {
      codes[at + i] = code(x[from + i], grid);
    }
    return grid;
  }

  /** The scale of a group with that largest magnitude. */
  Grid grid(float largest);

  /** The code of one weight. */
  byte code(float x, Grid grid);
}
