package phiquant.run;

import java.util.List;

/**
 * What came of one generation.
 *
 * @param text the whole answer
 * @param tokens its tokens, without the one that ended it
 * @param finish why it ended
 * @param promptTokens tokens of the prompt
 * @param reusedTokens those of them that the cache still held
 * @param promptSeconds until the first token was chosen
 * @param answerSeconds from then on
 */
public record Reply(
    String text,
    List<Integer> tokens,
    Finish finish,
    int promptTokens,
    int reusedTokens,
    double promptSeconds,
    double answerSeconds) {
  /** Why an answer ends. */
  public enum Finish {
    /** An end token or a stop text came. */
    STOP,
    /** The number of tokens or the context is used up. */
    LENGTH,
    /** The listener wanted no more. */
    CANCELLED
  }

  /** Tokens of the answer per second, the first one not counted; 0 if there is no second one. */
  public double tokensPerSecond() {
    return tokens.size() < 2 ? 0 : (tokens.size() - 1) / answerSeconds;
  }
}
