package phiquant.run.matrix.codes;

/** How the codes of a format, and the scales of its groups, are taken out of the mapped file. */
public interface Unpacking {
  /**
   * Unpacks a run of weights of one row.
   *
   * @param first index of the first weight in the whole matrix, a multiple of the block size
   * @param count a multiple of it
   */
  void unpack(long first, int count, Codes out);

  /** Weights that share a scale in {@link Codes}: 16 or 32. */
  default int group() {
    return 32;
  }

  /** Bits that a code less {@link #centre} takes, its sign included. */
  default int bits() {
    return 8;
  }

  /** What codes have to be less by to lie as far below zero as above. */
  default int centre() {
    return 0;
  }

  /** Whether there are offsets. */
  default boolean hasOffsets() {
    return false;
  }
}
