package phiquant.pipeline.study;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import phiquant.checkpoint.Checkpoint;
import phiquant.tokenizer.Tokenizer;

/** Pieces of the built-in calibration text, from all over it: prose, talk, code, languages. */
final class ProbeText {
  /** Tokens of a piece: what comes after these costs a model about the same. */
  private static final int LENGTH = 128;

  private final int[] tokens;
  private final int length;

  /** As a model cuts it. */
  ProbeText(Checkpoint checkpoint, int most) {
    try (InputStream in = ProbeText.class.getResourceAsStream("/phiquant/importance/text.txt");
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      tokens = tokenizer.encode(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    length = Math.min(LENGTH, most);
  }

  /**
   * Pieces that are evenly spread.
   *
   * @param phase 0 or 1: pieces of one have no token of the other's
   * @return {@code [count][length]}
   */
  int[][] pieces(int count, int phase) {
    int[][] pieces = new int[count][];
    for (int i = 0; i < count; i++) {
      int slots = tokens.length / (2 * length);
      int at = (2 * (i * slots / count) + phase) * length;
      pieces[i] = Arrays.copyOfRange(tokens, at, at + length);
    }
    return pieces;
  }
}
