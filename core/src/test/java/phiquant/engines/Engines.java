package phiquant.engines;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The real engines, installed once by {@code engines/install.sh}, and how to run their drivers. */
public final class Engines {
  private static final Map<String, Path> INSTALLED = new ConcurrentHashMap<>();

  private Engines() {}

  /** The folder of llama.cpp's prebuilt libraries. */
  public static Path llamaLibrary() {
    return installed("llama").resolve("package/bins/linux-x64");
  }

  /** The Python of an engine's own environment. */
  public static Path python(String engine) {
    return installed(engine).resolve("venv/bin/python");
  }

  /** The folder that has transformers.js and what it needs. */
  public static Path transformersJs() {
    return installed("transformers-js");
  }

  /** Debian's Chromium. */
  public static String chromium() {
    return installed("chromium").toString();
  }

  private static Path installed(String engine) {
    return INSTALLED.computeIfAbsent(
        engine, name -> Path.of(run(Path.of("bash"), "engines/install.sh", name).strip()));
  }

  /**
   * Runs a program and returns what it printed.
   *
   * @throws AssertionError with its output if it fails
   */
  public static String run(Path program, String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program.toString(), script));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(command + " failed: " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
