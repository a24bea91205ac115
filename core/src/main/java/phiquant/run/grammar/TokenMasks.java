package phiquant.run.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.tokenizer.TokenBytes;

/**
 * Which tokens may come next, of all that a model knows. Tokens lie in the order of their bytes, so
 * that what two of them have in common is read once, and a byte that may not come rules out all
 * that begin so.
 */
public final class TokenMasks {
  private final TokenBytes tokens;
  private final Set<Integer> ends;

  /** Ids by the order of their bytes. */
  private final int[] order;

  /** Bytes that each has in common with the one before it. */
  private final int[] common;

  private final int longest;

  /**
   * Of a vocabulary.
   *
   * @param ends tokens that end an answer
   */
  public TokenMasks(TokenBytes tokens, Set<Integer> ends) {
    this.tokens = tokens;
    this.ends = ends;
    byte[][] bytes = tokens.bytes();
    order =
        IntStream.range(0, bytes.length)
            .filter(id -> bytes[id] != null && bytes[id].length > 0)
            .boxed()
            .sorted((a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    common = new int[order.length];
    int most = 0;
    for (int i = 0; i < order.length; i++) {
      byte[] own = bytes[order[i]];
      most = Math.max(most, own.length);
      if (i > 0) {
        int mismatch = Arrays.mismatch(bytes[order[i - 1]], own);
        common[i] = mismatch < 0 ? own.length : mismatch;
      }
    }
    longest = most;
  }

  TokenBytes tokens() {
    return tokens;
  }

  boolean isEnd(int token) {
    return ends.contains(token);
  }

  /** The tokens that may come in a state: those all of whose bytes may, marks, and ends. */
  BitSet of(Automaton.State state) {
    BitSet mask = new BitSet(tokens.bytes().length);
    Automaton.State[] path = new Automaton.State[longest + 1];
    path[0] = state;
    int reached = 0;
    for (int i = 0; i < order.length; i++) {
      if (reached < common[i]) {
        continue; // The one before failed within what this one begins with.
      }
      byte[] bytes = tokens.bytes()[order[i]];
      reached = common[i];
      while (reached < bytes.length) {
        Automaton.State next = path[reached].after(bytes[reached] & 0xFF);
        if (next == null) {
          break;
        }
        path[++reached] = next;
      }
      if (reached == bytes.length) {
        mask.set(order[i]);
      }
    }
    state.addMarks(mask);
    if (state.mayEnd()) {
      ends.forEach(mask::set);
    }
    return mask;
  }
}
