package phiquant.run.grammar;

import java.util.BitSet;
import phiquant.UserError;

/** Holds one answer to its grammar, token after token. */
public final class Constraint {
  private final TokenMasks masks;
  private Automaton.State state;

  /** At the beginning of an answer. */
  public Constraint(Grammar grammar, TokenMasks masks) {
    this.masks = masks;
    this.state = grammar.start(masks.tokens().stripsSpace());
  }

  /**
   * Leaves only the tokens that may come: the others' logits become {@code -∞}.
   *
   * @param logits length vocabulary
   */
  public void restrict(float[] logits) {
    BitSet mask = state.mask(masks);
    if (mask.isEmpty()) {
      throw new UserError("No token of this model continues what is asked for.");
    }
    for (int id = mask.nextClearBit(0); id < logits.length; id = mask.nextClearBit(id + 1)) {
      logits[id] = Float.NEGATIVE_INFINITY;
    }
  }

  /** Takes in a token that may come. */
  public void saw(int token) {
    if (masks.isEnd(token)) {
      return;
    }
    byte[] bytes = masks.tokens().bytes()[token];
    if (bytes == null) {
      state = state.afterMark(token);
      return;
    }
    for (byte b : bytes) {
      state = state.after(b & 0xFF);
    }
  }

  /** Whether nothing may follow. */
  public boolean complete() {
    return state.mustEnd();
  }
}
