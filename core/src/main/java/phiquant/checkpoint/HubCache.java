package phiquant.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * The cache of Hugging Face's hub: {@code models--ORG--NAME/snapshots/COMMIT} holds links to a
 * repository's files, {@code refs/BRANCH} the commit that a branch was at. Source: the guide
 * "Manage your cache" of huggingface_hub.
 */
public final class HubCache {
  private static final Pattern REPOSITORY = Pattern.compile("models--(?:.+--)?(.+)");
  private static final String SNAPSHOTS = "snapshots";

  private HubCache() {}

  /**
   * The repository's name without its owner's, if a folder is a repository or a snapshot of one.
   */
  static Optional<String> repository(Path folder) {
    Path parent = folder.getParent();
    boolean snapshot = parent != null && parent.endsWith(SNAPSHOTS);
    Path repository = snapshot ? parent.getParent() : folder;
    if (repository == null || repository.getFileName() == null) {
      return Optional.empty();
    }
    Matcher name = REPOSITORY.matcher(repository.getFileName().toString());
    return name.matches() ? Optional.of(name.group(1)) : Optional.empty();
  }

  /**
   * Of a repository's folder the snapshot that its main branch was at, or the only one; every other
   * path as it is.
   *
   * @throws UserError if there are several and none is main's
   */
  public static Path snapshot(Path path) {
    Path snapshots = path.resolve(SNAPSHOTS);
    if (!Files.isDirectory(snapshots) || Files.exists(path.resolve("config.json"))) {
      return path;
    }
    Optional<Path> main =
        CompanionFiles.read(path, "refs/main")
            .map(bytes -> new String(bytes).strip())
            .filter(commit -> commit.matches("\\w{1,64}"))
            .map(snapshots::resolve)
            .filter(Files::isDirectory);
    return main.orElseGet(() -> only(path, snapshots));
  }

  private static Path only(Path path, Path snapshots) {
    try (Stream<Path> all = Files.list(snapshots)) {
      List<Path> found = all.filter(Files::isDirectory).sorted().toList();
      if (found.size() == 1) {
        return found.get(0);
      }
      throw new UserError(
          path + " holds " + found.size() + " snapshots, and refs/main names none of them.",
          found.isEmpty()
              ? "Download the model again."
              : "Give one, such as " + found.get(0) + ".");
    } catch (IOException e) {
      throw new UserError(snapshots + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }
}
