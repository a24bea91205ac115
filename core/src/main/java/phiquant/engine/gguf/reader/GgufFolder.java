package phiquant.engine.gguf.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.gguf.GgufFileName;

/** A folder that holds one model as a GGUF file, or as the files that it is split into. */
public final class GgufFolder {
  private GgufFolder() {}

  /**
   * Opens a GGUF file, or the model of a folder.
   *
   * @return empty if the path is neither
   * @throws UserError if it is damaged, or there are several models
   */
  public static Optional<GgufCheckpoint> open(Path path) {
    Optional<Path> file =
        Files.isDirectory(path)
            ? model(path)
            : Optional.of(path).filter(GgufFileName::isOne).filter(Files::exists);
    return file.map(GgufCheckpoint::new);
  }

  /**
   * The file to open: the only one, or the first of a split model.
   *
   * @return empty if the folder has a config.json, so that it is another kind of checkpoint, or no
   *     GGUF file
   * @throws UserError if there are several models
   */
  private static Optional<Path> model(Path folder) {
    if (Files.exists(folder.resolve("config.json"))) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> models =
          files
              .filter(GgufFileName::isOne)
              .filter(file -> !GgufFileName.isLaterPart(file) && !GgufFileName.isTower(file))
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
