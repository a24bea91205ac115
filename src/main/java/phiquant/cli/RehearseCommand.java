package phiquant.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import phiquant.demo.RandomModel;
import picocli.CommandLine.Command;

/**
 * Quantizes a small model of random weights for all engines and throws everything away. It is the
 * example from which the JVM learns what a start of {@code quantize} needs; only the launcher gives
 * this command.
 */
@Command(
    name = "rehearse",
    description = "Quantize a small model of random weights; keep nothing.",
    hidden = true)
final class RehearseCommand implements Callable<Integer> {
  private static final List<String> TARGETS =
      List.of(
          "gguf:Q4_K_M", "mlx:4bit", "onnx:int4", "openvino:int4", "openvino:int4,sym,ratio=0.6");

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createTempDirectory("phiquant-rehearsal-");
    try {
      Path model = folder.resolve("model");
      RandomModel.write(model);
      List<String> command = new ArrayList<>(List.of("quantize", model.toString(), "-q"));
      TARGETS.forEach(target -> command.addAll(List.of("--to", target)));
      command.addAll(List.of("-o", folder.resolve("out").toString()));
      return Main.execute(command.toArray(String[]::new));
    } finally {
      remove(folder);
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
