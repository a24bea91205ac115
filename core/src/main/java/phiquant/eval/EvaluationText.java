package phiquant.eval;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import phiquant.InputFile;

/**
 * The text on which models are compared. The built-in one is English prose with a little code,
 * mathematics and Italian between, all in the public domain; docs/evaluating.md names the sources.
 *
 * @param name for people
 * @param text itself
 */
public record EvaluationText(String name, String text) {
  /** The built-in text, 32 kB. */
  public static EvaluationText builtIn() {
    try (InputStream in = EvaluationText.class.getResourceAsStream("/phiquant/eval/text.txt")) {
      return new EvaluationText(
          "the built-in text", new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A user's own text, in UTF-8.
   *
   * @throws phiquant.UserError if it cannot be read as such
   */
  public static EvaluationText of(Path file) {
    return new EvaluationText(file.getFileName().toString(), InputFile.text(file));
  }
}
