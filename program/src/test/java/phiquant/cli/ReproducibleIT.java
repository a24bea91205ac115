package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.demo.RandomModel;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/**
 * The same command makes the same bytes, in another JVM (each of which iterates over sets and maps
 * in an order of its own) and with another number of threads.
 */
class ReproducibleIT {
  private static final List<String> OTHERS =
      List.of(
          "mlx:4bit",
          "mlx:8bit,group=32",
          "mlx:mixed_3_6",
          "mlx:mxfp4",
          "mlx:nvfp4",
          "mlx:fp16",
          "onnx:int4",
          "onnx:int4,device=cuda",
          "onnx:int8",
          "onnx:int8,activations=static",
          "onnx:mobile",
          "onnx:fp16,device=dml",
          "onnx:fp16,device=webgpu",
          "onnx:bf16,device=cuda",
          "onnx:fp32",
          "openvino:int4",
          "openvino:int4,group=64,ratio=0.6",
          "openvino:cookbook",
          "openvino:int8",
          "openvino:nf4",
          "openvino:mxfp4",
          "openvino:fp16",
          "openvino:fp32",
          "safetensors:bf16",
          "safetensors:f16",
          "safetensors:f32");

  @TempDir Path folder;

  @Test
  void everyTargetOfASmallModelIsTheSameAgain() throws Exception {
    Path model = folder.resolve("random");
    RandomModel.write(model);
    assertThat(differences(model, everyTarget())).isEmpty();
  }

  @Test
  @Tag("slow")
  void releasedTokenizersAreTheSameAgain() throws Exception {
    List<String> targets = List.of("gguf:Q4_0", "mlx:4bit", "onnx:int4", "openvino:int4");
    assertThat(differences(Fixtures.tinyPhi35Mini(), targets)).isEmpty();
  }

  @ParameterizedTest
  @Tag("slow")
  @ValueSource(strings = {"tiny-phi-3.5-mini", "tiny-phi-4", "tiny-phi-4-mini", "smolphi-mixed"})
  void everyTargetOfARealModelIsTheSameAgain(String name) throws Exception {
    assertThat(differences(Fixtures.named(name), everyTarget())).isEmpty();
  }

  /** Whoever rewrites what plans and encodes changes no byte of any file. */
  @ParameterizedTest
  @ValueSource(strings = {"tiny-phi-3.5-mini", "tiny-phi-4", "tiny-phi-4-mini"})
  void everydayTargetsAreTheSameAsInThePast(String name) throws Exception {
    assertThat(changes(name, List.of("gguf:Q4_K_M", "mlx:4bit", "onnx:int4", "openvino:int4")))
        .isEmpty();
  }

  @ParameterizedTest
  @Tag("slow")
  @MethodSource("pastByEngine")
  void everyTargetIsTheSameAsInThePast(String name, String engine) throws Exception {
    // Ranges of activations are sums of lanes, whose order Java leaves open.
    List<String> targets =
        everyTarget().stream()
            .filter(target -> target.startsWith(engine + ":"))
            .filter(target -> !target.contains("activations=static"))
            .toList();
    assertThat(changes(name, targets)).isEmpty();
  }

  /** A model and an engine at a time: all at once takes longer than anyone waits. */
  static Stream<Arguments> pastByEngine() {
    return Stream.of("tiny-phi-3.5-mini", "tiny-phi-4", "tiny-phi-4-mini", "smolphi-135m")
        .flatMap(
            name ->
                Stream.of("gguf", "mlx", "onnx", "openvino", "safetensors")
                    .map(engine -> Arguments.of(name, engine)));
  }

  /**
   * The files that are not those of the golden, which is what the build made in which each engine
   * wrote the network down for itself.
   */
  private List<String> changes(String name, List<String> targets) throws Exception {
    Map<String, String> past =
        Golden.lines("files.sha256").stream()
            .map(line -> line.split(" {2}"))
            .filter(line -> line[1].startsWith(name + "/"))
            .collect(Collectors.toMap(line -> line[1], line -> line[0]));
    List<String> changed = new ArrayList<>();
    for (Map.Entry<String, Path> made : make(Fixtures.named(name), targets, 2).entrySet()) {
      String file = name + "/" + made.getKey();
      if (!Golden.sha256(made.getValue()).equals(past.get(file))) {
        changed.add(file);
      }
    }
    return changed;
  }

  private static List<String> everyTarget() {
    return Stream.concat(
            Arrays.stream(GgufFileType.values())
                .filter(type -> !type.needsImportance())
                .map(type -> "gguf:" + type),
            OTHERS.stream())
        .toList();
  }

  /** The files that differ, or that only one run has made. */
  private List<String> differences(Path model, List<String> targets) throws Exception {
    Map<String, Path> once = make(model, targets, 1);
    Map<String, Path> again = make(model, targets, 2);
    assertThat(once).hasSizeGreaterThanOrEqualTo(targets.size());
    assertThat(again.keySet()).isEqualTo(once.keySet());
    List<String> different = new ArrayList<>();
    for (String file : once.keySet()) {
      if (Files.mismatch(once.get(file), again.get(file)) >= 0) {
        different.add(file);
      }
    }
    return different;
  }

  private Map<String, Path> make(Path model, List<String> targets, int threads) throws Exception {
    Path out = folder.resolve("threads-" + threads);
    List<String> command = new ArrayList<>(List.of("./phiquant", "quantize", model.toString()));
    targets.forEach(target -> command.addAll(List.of("--to", target)));
    command.addAll(List.of("--threads", Integer.toString(threads), "-q", "-o", out.toString()));
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).isZero();
    return files(out);
  }

  private static Map<String, Path> files(Path folder) throws IOException {
    Map<String, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      all.filter(Files::isRegularFile)
          .forEach(file -> files.put(folder.relativize(file).toString(), file));
    }
    return files;
  }
}
