package phiquant.eval;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * What originals predicted, kept on disk, so that the next artifact of the same original costs one
 * run only. What was not used for longest goes when the folder grows over its limit.
 */
final class ReferenceCache {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LOGITS = ".logits";
  private static final String RESULT = ".json";

  private final Path folder;
  private final long limit;

  /**
   * A cache in a folder, which is made if needed.
   *
   * @param limit bytes of all files together
   */
  ReferenceCache(Path folder, long limit) {
    this.folder = folder;
    this.limit = limit;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  /** What was kept when the original ran, if it has. */
  Optional<Examined> find(String key) {
    Path file = folder.resolve(key + RESULT);
    Path logits = logits(key);
    if (!Files.exists(file) || !Files.exists(logits)) {
      return Optional.empty();
    }
    try {
      Examined kept = JSON.readValue(file.toFile(), Examined.class);
      FileTime now = FileTime.from(Instant.now());
      Files.setLastModifiedTime(file, now);
      Files.setLastModifiedTime(logits, now);
      return Optional.of(kept);
    } catch (IOException e) {
      return Optional.empty(); // Of another version, or damaged: made again.
    }
  }

  /** The file of predictions for a key. */
  Path logits(String key) {
    return folder.resolve(key + LOGITS);
  }

  /** Keeps a result beside predictions that are complete. */
  void keep(String key, Examined kept) {
    try {
      Path file = folder.resolve(key + RESULT);
      Path partial = partial(file);
      JSON.writeValue(partial.toFile(), kept);
      Files.move(
          partial,
          file,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING,
          java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  /**
   * A new file, to be renamed when it is complete. Runs may share the cache, from containers too,
   * and each has its own. Of runs that were killed it goes when the cache has to shrink.
   */
  static Path partial(Path file) throws IOException {
    Path partial =
        Files.createTempFile(file.getParent(), file.getFileName().toString(), ".partial");
    partial.toFile().deleteOnExit();
    return partial;
  }

  /** Removes what was not used for longest until the rest is within the limit. */
  void shrink() {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> byAge = files.sorted(Comparator.comparing(ReferenceCache::used)).toList();
      long bytes = 0;
      for (Path file : byAge) {
        bytes += Files.size(file);
      }
      for (Path file : byAge) {
        if (bytes <= limit) {
          return;
        }
        bytes -= Files.size(file);
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private static Instant used(Path file) {
    try {
      return Files.getLastModifiedTime(file).toInstant();
    } catch (IOException e) {
      return Instant.EPOCH;
    }
  }

  private UserError cannotWrite(IOException e) {
    return new UserError("The cache " + folder + " cannot be used: " + e.getMessage() + ".", e);
  }
}
