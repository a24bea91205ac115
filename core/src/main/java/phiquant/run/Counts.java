package phiquant.run;

/**
 * What has been done for many who talk to a model at once.
 *
 * @param promptTokens tokens of prompts that were computed, of answers that are complete
 * @param reusedTokens those that were not, because they were known
 * @param promptSeconds how long the answers waited for their first tokens, each since it had its
 *     place
 * @param tokens of answers that are complete
 * @param seconds how long they took from their first tokens on
 * @param steps how often the model was computed, for portions of prompts or for a token each
 * @param busy places that were taken in those steps, all together
 * @param longest tokens of the longest sequence yet
 */
public record Counts(
    long promptTokens,
    long reusedTokens,
    double promptSeconds,
    long tokens,
    double seconds,
    long steps,
    long busy,
    long longest) {
  static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, 0);

  Counts plus(Reply reply) {
    return new Counts(
        promptTokens + reply.promptTokens() - reply.reusedTokens(),
        reusedTokens + reply.reusedTokens(),
        promptSeconds + reply.promptSeconds(),
        tokens + reply.tokens().size(),
        seconds + reply.stepSeconds(),
        steps,
        busy,
        longest);
  }

  Counts step(int taken, int length) {
    return new Counts(
        promptTokens,
        reusedTokens,
        promptSeconds,
        tokens,
        seconds,
        steps + 1,
        busy + taken,
        Math.max(longest, length));
  }
}
