package phiquant.run.matrix.ggml;

import java.lang.foreign.MemorySegment;
import phiquant.run.matrix.Input;

/**
 * A format's kernel for several tokens: a row is taken apart once, into {@link Digits}, and
 * multiplied with two tokens at a time, which share its loads. Each token's operations on floats
 * and their order are those of the kernel of one token, so that its sums are the same to the last
 * bit; integers are exact in any order.
 */
interface RowOfDigits {
  /** Weights that are taken apart together. */
  int body();

  /** Takes apart a row that begins there. */
  void unpack(MemorySegment in, long at, int bodies, Digits row);

  /** Multiplies a row with two tokens: {@code y[at]} of x, and {@code v[at]} of z. */
  void multiply(Digits row, int bodies, Input x, Input z, float[] y, float[] v, int at);

  /** As {@link phiquant.run.matrix.Matrix#multiplyEach}. */
  default void multiplyEach(
      GgmlMatrix w, int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    int bodies = w.columns() / body();
    Digits row = Digits.own(w.columns());
    for (int r = from; r < to; r++) {
      unpack(w.blocks, w.at(r, 0), bodies, row);
      for (int t = 0; t < tokens; t += 2) {
        // Of an odd number of tokens, the last is done twice.
        int u = Math.min(t + 1, tokens - 1);
        multiply(row, bodies, inputs[t], inputs[u], y[t], y[u], yAt + r);
      }
    }
  }
}
