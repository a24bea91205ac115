package phiquant.engine.gguf.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;

/** A folder that holds one model as a GGUF file, or as the files that it is split into. */
public final class GgufFolder {
  private GgufFolder() {}

  /**
   * The file to open: the only one, or the first of a split model.
   *
   * @return empty if the folder has a config.json, so that it is another kind of checkpoint, or no
   *     GGUF file
   * @throws UserError if there are several models
   */
  public static Optional<Path> model(Path folder) {
    if (Files.exists(folder.resolve("config.json"))) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> models =
          files
              .filter(file -> file.toString().endsWith(".gguf"))
              .filter(file -> !file.toString().matches(".*-(?!00001)\\d{5}-of-\\d{5}\\.gguf"))
              .sorted()
              .toList();
      if (models.size() > 1) {
        throw new UserError(
            folder + " holds " + models.size() + " GGUF models.",
            "Give one of them, such as " + models.get(0) + ".");
      }
      return models.stream().findFirst();
    } catch (IOException e) {
      throw new UserError(folder + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }
}
