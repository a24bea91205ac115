package phiquant.run.matrix;

/**
 * How codes lie in the shorts of a packed row, which decides what integers these are multiplied
 * with. The codes c of a short are the digits of the number {@code s = Σ c_i · B^i}, and shifting
 * it by i digits leaves {@code c_i + B · c_(i+1) + …}; so {@code Σ c_i · a_i = Σ (s >>> i digits) ·
 * (a_i - B · a_(i-1))}: what the higher digits add, the next product takes away. All of it is
 * modulo 2^16, hence exact if the true sum fits into 16 bits. That is one product for each short of
 * a vector, with nothing unpacked but by shifts, on every machine that multiplies shorts. {@link
 * Factors} are what the digits are multiplied with.
 */
public enum DigitPacking {
  /** Not multiplied as integers. */
  NONE,
  /** Two bytes of neighbours: the codes of weights 2j and 2j + 1; B = 256. */
  BYTES,
  /**
   * The same, for groups of 32 in the lower and the upper halves of the same 32 bytes. A vector has
   * 16 bytes of each of several such chunks, the next vector their other 16, so that the products
   * of both add up to sums of one group in each place.
   */
  CHUNKS,
  /**
   * Four halves of bytes, as in ggml's blocks of 32: 2j, 2j + 16, 2j + 1, 2j + 17; B = 16. Codes
   * are too large by eight.
   */
  SPLIT
}
