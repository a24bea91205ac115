package phiquant.importance;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.tokenizer.Tokenizer;

/**
 * A text cut into sequences of the same length, as llama-imatrix does; the rest is left out.
 *
 * @param length tokens of each
 * @param sequences shape {@code [sequences][length]}
 */
public record Sequences(int length, int[][] sequences) {
  /** llama-imatrix's own default. */
  private static final int LENGTH = 512;

  /** More of a text tells little more. */
  private static final int MOST = 1 << 15;

  /**
   * Cuts a text.
   *
   * @param most tokens to take, or 0
   * @throws UserError saying how many tokens are needed
   */
  public static Sequences of(PhiModel model, CalibrationText text, int most) {
    int length = Math.min(LENGTH, model.config().contextLength());
    if (most != 0 && most < length) {
      throw UserError.usage(
          "A calibration takes %d tokens or more, not %d.".formatted(length, most));
    }
    int[] tokens;
    try (Tokenizer tokenizer = Tokenizer.of(model.checkpoint())) {
      tokens = tokenizer.encode(text.text());
    }
    int needed = Math.max(length, most);
    if (tokens.length < needed) {
      throw tooShort(text, tokens.length, needed);
    }
    int count = Math.min(tokens.length, most == 0 ? MOST : most);
    return new Sequences(length, cut(tokens, count, length));
  }

  private static UserError tooShort(CalibrationText text, int tokens, int needed) {
    double each = tokens == 0 ? 4 : (double) text.text().length() / tokens;
    return new UserError(
        String.format(
            Locale.ROOT,
            "%s has %d tokens for this model; %d are needed.",
            String.join(", ", text.names()),
            tokens,
            needed),
        String.format(
            Locale.ROOT,
            "Give about %.0f characters more, or ask for fewer tokens.",
            Math.ceil((needed - tokens) * each)));
  }

  private static int[][] cut(int[] tokens, int count, int length) {
    int[][] sequences = new int[count / length][];
    for (int i = 0; i < sequences.length; i++) {
      sequences[i] = Arrays.copyOfRange(tokens, i * length, (i + 1) * length);
    }
    return sequences;
  }

  /** All tokens, one after the other. */
  int[] tokens() {
    return Stream.of(sequences).flatMapToInt(Arrays::stream).toArray();
  }
}
