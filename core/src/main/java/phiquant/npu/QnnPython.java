package phiquant.npu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import phiquant.UserError;
import phiquant.checkpoint.Json;

/**
 * Qualcomm's compiler as the Python package {@code onnxruntime-qnn} brings it, in the environment
 * where the user has it: 75 MB of libraries that phiquant does not come with. A small script runs
 * there, in a process for each compilation.
 */
public final class QnnPython {
  private static final String SCRIPT = "/phiquant/npu/compile.py";
  private static final String INSTALL = "pip install onnxruntime-qnn onnxruntime";

  /** The version that everything here was tried with; 2.6.0 does not take RotaryEmbedding. */
  static final String TRIED = "2.7.0";

  private final Path script;
  private final String python;
  private final ObjectNode versions;

  private QnnPython(Path script, String python, ObjectNode versions) {
    this.script = script;
    this.python = python;
    this.versions = versions;
  }

  /**
   * Finds it.
   *
   * @param place a Python, or the folder of its environment; if empty, the one that phiquant was
   *     started by, that is active, or that is first on the path
   * @throws UserError if there is none, or none with the package
   */
  static QnnPython find(Optional<Path> place, Path scratch) {
    Path script = scratch.resolve("compile.py");
    try (InputStream in = QnnPython.class.getResourceAsStream(SCRIPT)) {
      Files.write(script, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String python = place.map(QnnPython::inside).orElseGet(QnnPython::usual);
    QnnPython found = new QnnPython(script, python, null);
    List<ObjectNode> said = new ArrayList<>();
    String failure = found.run(List.of("versions"), said::add);
    if (!failure.isEmpty() || said.isEmpty() || !said.getLast().has("qnn")) {
      throw new UserError(
          "%s has no onnxruntime-qnn that works%s."
              .formatted(python, failure.isEmpty() ? "" : " (" + failure + ")"),
          "Install it, " + INSTALL + ", or name a Python that has it by --qnn.");
    }
    return new QnnPython(script, python, said.getLast());
  }

  private static String inside(Path place) {
    if (Files.isRegularFile(place)) {
      return place.toString();
    }
    for (String name : List.of("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")) {
      if (Files.isRegularFile(place.resolve(name))) {
        return place.resolve(name).toString();
      }
    }
    throw new UserError(
        place + " is no Python and no folder of one.",
        "Name an environment in which " + INSTALL + " was run.");
  }

  private static String usual() {
    String started = System.getenv("PHIQUANT_PYTHON");
    String active = System.getenv("VIRTUAL_ENV");
    return started != null ? started : active != null ? inside(Path.of(active)) : "python3";
  }

  /** The version of onnxruntime-qnn. */
  public String qnn() {
    return versions.path("qnn").asText();
  }

  /** What its other versions make of graphs is not known: what to say of one; empty if none. */
  String doubt() {
    return qnn().equals(TRIED)
        ? ""
        : "this is onnxruntime-qnn %s; graphs were tried with %s, and others may refuse operators."
            .formatted(qnn(), TRIED);
  }

  /** The version of ONNX Runtime that it plugs into. */
  public String onnxRuntime() {
    return versions.path("onnxruntime").asText();
  }

  /**
   * Runs the script.
   *
   * @param said gets each line that it writes
   * @return what failed, or nothing
   */
  String run(List<String> arguments, Consumer<ObjectNode> said) {
    List<String> command = new ArrayList<>(List.of(python, script.toString()));
    command.addAll(arguments);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(log().toFile()).redirectInput(empty()).start();
      Thread stop = new Thread(process::destroyForcibly, "phiquant-npu");
      Runtime.getRuntime().addShutdownHook(stop);
      String failure = "";
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (!line.startsWith("{")) {
            continue; // The library's own words.
          }
          ObjectNode one = Json.object(line.getBytes(StandardCharsets.UTF_8), "compile.py");
          if (one.has("failed")) {
            failure = one.path("failed").asText() + ": " + one.path("why").asText();
          } else {
            said.accept(one);
          }
        }
      }
      int code = process.waitFor();
      removed(stop);
      return code == 0 || !failure.isEmpty() ? failure : "it ended with code " + code;
    } catch (IOException e) {
      return "it cannot be started: " + e.getMessage();
    } catch (InterruptedException e) {
      throw new UserError("The compilation was interrupted.", e);
    }
  }

  /** Operators that the library has refused, as it says in its log of the last run. */
  RefusedOperators refused() {
    try {
      return RefusedOperators.in(Files.readString(log(), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path log() {
    return script.resolveSibling("log");
  }

  private static java.io.File empty() {
    return new java.io.File(
        System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null");
  }

  private static void removed(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The program is ending already.
    }
  }
}
