package phiquant.run.matrix;

/**
 * How codes lie in the shorts of a packed row, which decides what integers these are multiplied
 * with. The codes c of a short are the digits of the number {@code s = Σ c_i · B^i}, and shifting
 * it by i digits leaves {@code c_i + B · c_(i+1) + …}; so {@code Σ c_i · a_i = Σ (s >>> i digits) ·
 * (a_i - B · a_(i-1))}: what the higher digits add, the next product takes away. All of it is
 * modulo 2^16, hence exact if the true sum fits into 16 bits. That is sixteen products in 256 bits,
 * with nothing unpacked but by shifts, on every machine that multiplies shorts.
 */
public enum Packing {
  /** Not multiplied as integers. */
  NONE,
  /** Two bytes of neighbours: the codes of weights 2j and 2j + 1; B = 256. */
  BYTES,
  /** Four halves of bytes, as in ggml's blocks of 32: 2j, 2j + 16, 2j + 1, 2j + 17; B = 16. */
  SPLIT;

  /** Shorts of a vector. */
  private static final int LANES = 16;

  /**
   * Writes the factors {@code a_i - B · a_(i-1)}: for each vector of sixteen shorts, those of their
   * lowest digits, then those of the next.
   *
   * @param a int8 activations {@code [columns]}
   * @param factors {@code [columns / (digits · 16), digits, 16]}
   */
  void factors(short[] a, short[] factors) {
    switch (this) {
      case NONE -> {}
      case BYTES -> {
        for (int k = 0; k < a.length; k += 2 * LANES) {
          for (int i = 0; i < LANES; i++) {
            factors[k + i] = a[k + 2 * i];
            factors[k + LANES + i] = (short) (a[k + 2 * i + 1] - 256 * a[k + 2 * i]);
          }
        }
      }
      case SPLIT -> {
        for (int k = 0; k < a.length; k += 4 * LANES) {
          for (int i = 0; i < LANES; i++) {
            int at = k + i / 8 * 32 + i % 8 * 2;
            nibbles(a[at], a[at + 16], a[at + 1], a[at + 17], factors, k + i);
          }
        }
      }
    }
  }

  private static void nibbles(int a0, int a1, int a2, int a3, short[] factors, int at) {
    factors[at] = (short) a0;
    factors[at + LANES] = (short) (a1 - 16 * a0);
    factors[at + 2 * LANES] = (short) (a2 - 16 * a1);
    factors[at + 3 * LANES] = (short) (a3 - 16 * a2);
  }
}
