package phiquant.eval;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import phiquant.UserError;

/**
 * The text on which models are compared. The built-in one is English prose with a little code,
 * mathematics and Italian between, all in the public domain; docs/evaluating.md names the sources.
 *
 * @param name for people
 * @param text itself
 */
public record EvaluationText(String name, String text) {
  private static final long MAX_BYTES = 64 << 20;

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
   * @throws UserError if it cannot be read as such
   */
  public static EvaluationText of(Path file) {
    if (!Files.exists(file) || Files.isDirectory(file)) {
      throw new UserError(file + " is not there or not a file; --text wants one in UTF-8.");
    }
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new UserError(file + " is larger than 64 MB; a part of it is enough.");
      }
      return new EvaluationText(file.getFileName().toString(), Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new UserError(file + " is not a text in UTF-8.", e);
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
