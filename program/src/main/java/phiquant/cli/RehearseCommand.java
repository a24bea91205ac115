package phiquant.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.demo.RandomModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Does with a small model of random weights what a kind of command does, and throws everything
 * away. It is the example from which the JVM learns what a start of such commands needs; only the
 * launcher gives this command.
 */
@Command(
    name = "rehearse",
    description = "Work on a small model of random weights; keep nothing.",
    hidden = true)
final class RehearseCommand implements Callable<Integer> {
  private static final List<String> TARGETS =
      List.of(
          "gguf:Q4_K_M", "mlx:4bit", "onnx:int4", "openvino:int4", "openvino:int4,sym,ratio=0.6");

  private static final String PREFIX = "phiquant-rehearsal-";

  /** Some 80 tokens of the small model: as many as products in integers want, and a rest. */
  private static final String PROMPT = "1, 2, 3, ".repeat(27);

  @Parameters(
      paramLabel = "KIND",
      arity = "0..1",
      defaultValue = "quantize",
      description = "quantize or run.")
  private String kind;

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createTempDirectory(PREFIX);
    PrintStream out = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    removeLeftovers(folder.getParent());
    try {
      Path model = folder.resolve("model");
      RandomModel.write(model);
      return switch (kind) {
        case "quantize" -> look(model.toString()) + quantize(model, TARGETS, folder.resolve("out"));
        case "run" -> answer(model, folder.resolve("model.gguf"));
        default -> throw UserError.usage("There is no rehearsal of " + kind + ".");
      };
    } finally {
      System.setOut(out);
      remove(folder);
    }
  }

  private static int quantize(Path model, List<String> targets, Path out) {
    List<String> command = new ArrayList<>(List.of("quantize", model.toString(), "-q"));
    targets.forEach(target -> command.addAll(List.of("--to", target)));
    command.addAll(List.of("-o", out.toString()));
    return Main.execute(command.toArray(String[]::new));
  }

  /** What is looked at is planned, as what is quantized. */
  private static int look(String model) {
    return Main.execute("version")
        + Main.execute("inspect", model)
        + Main.execute("advise", model, "--device", "raspberry-pi-5");
  }

  private static int answer(Path model, Path made) {
    return quantize(model, List.of("gguf:Q4_K_M"), made)
        + Main.execute("run", made.toString(), "--raw", "-p", PROMPT, "-n", "24");
  }

  /** Of rehearsals that were killed; none takes an hour. */
  private static void removeLeftovers(Path where) {
    Instant old = Instant.now().minus(Duration.ofHours(1));
    try (DirectoryStream<Path> left = Files.newDirectoryStream(where, PREFIX + "*")) {
      for (Path each : left) {
        if (Files.getLastModifiedTime(each).toInstant().isBefore(old)) {
          remove(each);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Somebody else's, or gone meanwhile: nothing that this rehearsal needs.
    }
  }

  private static void remove(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> paths = Files.walk(folder)) {
      all = paths.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
