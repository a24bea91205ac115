package phiquant.eval;

import java.util.Arrays;
import java.util.Locale;
import phiquant.UserError;

/**
 * A text cut into windows that follow each other, as llama.cpp's perplexity tool cuts it. Every
 * window starts with an empty cache, and all of its tokens but the first are predicted.
 *
 * @param tokens {@code [windows][length]}
 */
public record Windows(int[][] tokens) {
  /**
   * Cuts a text.
   *
   * @param ids the text's tokens
   * @param count windows that are wanted
   * @param length tokens of each
   * @throws UserError saying how long the text must be
   */
  public static Windows cut(EvaluationText text, int[] ids, int count, int length) {
    if (count < 1 || length < 2) {
      throw UserError.usage("It takes one window or more, of two tokens or more.");
    }
    if (ids.length < length) {
      throw new UserError(
          String.format(
              Locale.ROOT,
              "%s has %d tokens, which is less than one window of %d.",
              text.name(),
              ids.length,
              length),
          String.format(
              Locale.ROOT,
              "Give a text of about %d characters or more, or shorter windows with --window.",
              characters(text, ids.length, length)));
    }
    int[][] windows = new int[Math.min(count, ids.length / length)][];
    for (int w = 0; w < windows.length; w++) {
      windows[w] = Arrays.copyOfRange(ids, w * length, (w + 1) * length);
    }
    return new Windows(windows);
  }

  /** How long a text with so many tokens would be; about four characters make one. */
  private static long characters(EvaluationText text, int tokens, int wanted) {
    double each = tokens == 0 ? 4 : (double) text.text().length() / tokens;
    return (long) Math.ceil(each * wanted);
  }

  /** How many. */
  public int count() {
    return tokens.length;
  }

  /** Tokens in each. */
  public int length() {
    return tokens[0].length;
  }

  /** Tokens that are predicted in all. */
  public int predicted() {
    return count() * (length() - 1);
  }
}
