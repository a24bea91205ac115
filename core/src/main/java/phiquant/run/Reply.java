package phiquant.run;

import java.util.List;

/**
 * What came of one generation.
 *
 * @param text the whole answer
 * @param calls what stands between the marks of tool calls
 * @param tokens its tokens, without the one that ended it
 * @param finish why it ended
 * @param promptTokens tokens of the prompt
 * @param reusedTokens those of them that the cache still held
 * @param promptSeconds until the first token was chosen
 * @param steps tokens that the model read one by one from then on
 * @param stepSeconds how long that took
 */
public record Reply(
    String text,
    String calls,
    List<Integer> tokens,
    Finish finish,
    int promptTokens,
    int reusedTokens,
    double promptSeconds,
    int steps,
    double stepSeconds) {
  /** Why an answer ends. */
  public enum Finish {
    /** An end token or a stop text came. */
    STOP,
    /** The number of tokens or the context is used up. */
    LENGTH,
    /** The listener wanted no more. */
    CANCELLED
  }

  /** How fast the answer grew; 0 if it has one token only. */
  public double tokensPerSecond() {
    return steps == 0 ? 0 : steps / stepSeconds;
  }
}
