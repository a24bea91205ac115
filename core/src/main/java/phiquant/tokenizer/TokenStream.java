package phiquant.tokenizer;

import java.util.Arrays;

/**
 * Decodes tokens as they come and holds back half characters: a token may end in the middle of a
 * UTF-8 sequence, which the next one completes. Each step decodes the last piece again with what is
 * new, because some decoders strip the space of the first token only.
 */
public final class TokenStream {
  private static final String HALF = "\uFFFD";

  private final Tokenizer tokenizer;
  private int[] window = new int[0];
  private int shown; // Tokens of the window whose text has been given out.

  TokenStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The text that this token completes; may be empty. */
  public String next(int id) {
    window = Arrays.copyOf(window, window.length + 1);
    window[window.length - 1] = id;
    String text = tokenizer.decode(window, true);
    return text.endsWith(HALF) ? "" : rest(text);
  }

  /** What was held back, at the end of the text. */
  public String end() {
    return rest(tokenizer.decode(window, true));
  }

  private String rest(String text) {
    String before = tokenizer.decode(Arrays.copyOf(window, shown), true);
    if (text.length() <= before.length()) {
      return "";
    }
    window = Arrays.copyOfRange(window, shown, window.length);
    shown = window.length;
    return text.substring(before.length());
  }
}
