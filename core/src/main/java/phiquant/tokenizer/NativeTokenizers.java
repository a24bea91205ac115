package phiquant.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Properties;
import phiquant.CacheFolder;
import phiquant.UserError;

/**
 * Loads Hugging Face's tokenizers library, which the jar carries for Linux (x64, arm64), macOS
 * (Apple silicon) and Windows (x64): unpacked once into the cache, found there afterwards.
 * Installed with a Java of its own, phiquant has it among the libraries of that, and unpacks
 * nothing. DJL's own loader is passed by because it asks the network about its surroundings.
 */
final class NativeTokenizers {
  /** The library's functions, ready to be called. */
  static final TokenizersLibrary LIBRARY = load();

  private NativeTokenizers() {}

  private static TokenizersLibrary load() {
    String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
    try {
      Path folder = CacheFolder.of("native").resolve("tokenizers-" + version() + "-" + platform);
      for (String file : files(platform)) {
        Path installed = Path.of(System.getProperty("java.home"), libraries(platform), file);
        System.load(
            (Files.exists(installed)
                    ? installed
                    : unpacked("/native/lib/" + platform + "/cpu/" + file, folder))
                .toString());
      }
      return TokenizersLibrary.LIB;
    } catch (IOException | UnsatisfiedLinkError e) {
      throw new UserError("The tokenizers library cannot be loaded: " + e.getMessage() + ".", e);
    }
  }

  /**
   * The library's name for a machine.
   *
   * @throws UserError if there is none for it
   */
  static String platform(String system, String processor) {
    String os = system.startsWith("Windows") ? "win" : system.startsWith("Mac") ? "osx" : "linux";
    String arch = processor.matches("amd64|x86_64") ? "x86_64" : processor;
    String platform = os + "-" + arch;
    if (!List.of("linux-x86_64", "linux-aarch64", "osx-aarch64", "win-x86_64").contains(platform)) {
      throw new UserError(
          "There is no tokenizers library for " + system + " on " + processor + ".",
          "Running a model needs Linux (x64, arm64), macOS (Apple silicon) or Windows (x64).");
    }
    return platform;
  }

  /** In the order in which they must be loaded. */
  private static List<String> files(String platform) {
    return platform.startsWith("win")
        ? List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "tokenizers.dll")
        : List.of(System.mapLibraryName("tokenizers"));
  }

  /** Where a Java keeps its libraries. */
  private static String libraries(String platform) {
    return platform.startsWith("win") ? "bin" : "lib";
  }

  private static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = resource("/native/lib/tokenizers.properties").openStream()) {
      properties.load(in);
    }
    return properties.getProperty("version");
  }

  private static Path unpacked(String resource, Path folder) throws IOException {
    URL packed = resource(resource);
    Path file = folder.resolve(resource.substring(resource.lastIndexOf('/') + 1)).toAbsolutePath();
    long size = packed.openConnection().getContentLengthLong();
    if (Files.exists(file) && Files.size(file) == size) {
      return file;
    }
    Files.createDirectories(folder);
    Path partial = Files.createTempFile(folder, file.getFileName().toString(), ".partial");
    try (InputStream in = packed.openStream()) {
      Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
    }
    try {
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  private static URL resource(String name) {
    URL url = NativeTokenizers.class.getResource(name);
    if (url == null) {
      throw new UncheckedIOException(new IOException(name + " is not in the jar"));
    }
    return url;
  }
}
