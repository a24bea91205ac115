package phiquant;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where phiquant keeps what it can make again: {@code $PHIQUANT_CACHE}, or where the operating
 * system keeps such things. Nothing in it is needed; it only saves time.
 */
public final class CacheFolder {
  private CacheFolder() {}

  /** The folder of that name in the cache; it need not exist. */
  public static Path of(String name) {
    return home().resolve(name);
  }

  private static Path home() {
    String stated = System.getenv("PHIQUANT_CACHE");
    if (stated != null && !stated.isBlank()) {
      return Path.of(stated);
    }
    Path user = Path.of(System.getProperty("user.home"));
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    if (!Files.isWritable(user)) {
      return temporary.resolve("phiquant-" + System.getProperty("user.name"));
    }
    String system = System.getProperty("os.name");
    if (system.startsWith("Windows")) {
      String local = System.getenv("LOCALAPPDATA");
      return (local == null ? user.resolve("AppData/Local") : Path.of(local)).resolve("phiquant");
    }
    if (system.startsWith("Mac")) {
      return user.resolve("Library/Caches/phiquant");
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    return (xdg == null || xdg.isBlank() ? user.resolve(".cache") : Path.of(xdg))
        .resolve("phiquant");
  }
}
