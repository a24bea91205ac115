package phiquant.importance;

import java.util.Arrays;
import java.util.Locale;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.model.PhiConfig;
import phiquant.tokenizer.Tokenizer;

/** Cuts a text into sequences of the same length, as llama-imatrix does; the rest is left out. */
final class Sequences {
  /** llama-imatrix's own default. */
  private static final int LENGTH = 512;

  /** More of a text tells little more. */
  private static final int MOST = 1 << 15;

  private Sequences() {}

  /**
   * Cuts a text.
   *
   * @param most tokens to take, or 0
   * @return {@code [sequences][tokens]}
   * @throws UserError saying how many tokens are needed
   */
  static int[][] cut(Checkpoint checkpoint, PhiConfig config, CalibrationText text, int most) {
    int length = Math.min(LENGTH, config.contextLength());
    if (most != 0 && most < length) {
      throw UserError.usage(
          "A calibration takes %d tokens or more, not %d.".formatted(length, most));
    }
    int[] tokens;
    try (Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      tokens = tokenizer.encode(text.text());
    }
    int needed = Math.max(length, most);
    if (tokens.length < needed) {
      throw tooShort(text, tokens.length, needed);
    }
    int[][] sequences = new int[Math.min(tokens.length, most == 0 ? MOST : most) / length][];
    for (int i = 0; i < sequences.length; i++) {
      sequences[i] = Arrays.copyOfRange(tokens, i * length, (i + 1) * length);
    }
    return sequences;
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
}
