package phiquant.importance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.InputFile;

/**
 * A text that a model is calibrated on. It decides more than anything else what a matrix is worth:
 * it should be like what the model will be used for.
 *
 * @param names for people, of each file
 * @param text of all of them
 */
public record CalibrationText(List<String> names, String text) {
  /** Changes with the text. */
  private static final String BUILT_IN = "phiquant's calibration text, 1";

  /**
   * The text that is used if there is no other: tales, talk, letters, instructions, code, tables,
   * some languages; 30 kB, written for this.
   */
  public static CalibrationText builtIn() {
    try (InputStream in = CalibrationText.class.getResourceAsStream("text.txt")) {
      return new CalibrationText(
          List.of(BUILT_IN), new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** This text and another after it. */
  CalibrationText and(CalibrationText other) {
    return new CalibrationText(
        Stream.concat(names.stream(), other.names.stream()).toList(), text + "\n\n" + other.text);
  }

  /**
   * A user's own texts in UTF-8, one after the other.
   *
   * @throws phiquant.UserError if one cannot be read as such
   */
  public static CalibrationText of(List<Path> files) {
    return new CalibrationText(
        files.stream().map(file -> file.getFileName().toString()).toList(),
        files.stream().map(InputFile::text).collect(Collectors.joining("\n\n")));
  }
}
