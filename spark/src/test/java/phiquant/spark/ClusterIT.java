package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.Fixtures;

/** Executors that are processes of their own make the bytes that the command makes alone. */
class ClusterIT {
  static final String MASTER = "local-cluster[2,1,1024]";

  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "onnx:int4", "openvino:int4,group=32", "mlx:4bit,group=32");

  @TempDir Path folder;

  @Test
  void aJobsBytesEqualTheSingleMachinesAndASecondSubmissionDoesNothing() throws Exception {
    List<Path> models = List.of(Fixtures.tinyPhi35Mini(), Fixtures.tinyPhi4Mini());
    for (Path model : models) {
      List<String> arguments = new ArrayList<>(List.of("quantize", model.toString()));
      TARGETS.forEach(target -> arguments.addAll(List.of("--to", target)));
      arguments.addAll(List.of("-o", folder.resolve("alone").toString()));
      succeed(SparkHome.alone(arguments));
    }
    Path job =
        Files.writeString(
            folder.resolve("job.yaml"),
            """
            output: %s
            models: [{model: %s}, {model: %s}]
            recipes:
              - to: ["gguf:Q4_K_M", "onnx:int4"]
              - to: ["openvino:int4,group=32", "mlx:4bit,group=32"]
            evaluate: {windows: 2, window: 32, activations: f32, report: %s}
            """
                .formatted(
                    folder.resolve("cluster"),
                    models.get(0),
                    models.get(1),
                    folder.resolve("report.html")));
    List<String> arguments = List.of("job", job.toString());
    SparkHome.Ended first = succeed(SparkHome.submit(MASTER, Map.of(), arguments));
    assertThat(first.out()).contains("8 made, 0 complete already.");
    String page = Files.readString(folder.resolve("report.html"));
    assertThat(page).contains("tiny-phi-3.5-mini, quantized", "tiny-phi-4-mini, quantized");
    assertThat(page).contains("tiny-phi-4-mini-Q4_K_M.gguf", "tiny-phi-3.5-mini-mlx-4bit");
    assertSameFiles();

    // By other machines, which makes no difference.
    SparkHome.Ended second = succeed(SparkHome.submit("local[2]", Map.of(), arguments));
    assertThat(second.out()).contains("0 made, 8 complete already.");
    assertThat(second.out()).contains(models.get(1) + " is measured already");
    assertThat(Files.readString(folder.resolve("report.html"))).isEqualTo(page);
    assertSameFiles();
  }

  /** Sums of squares depend on the order in which they are added. */
  @Test
  @Tag("slow")
  void aMatrixOfImportanceIsTheSingleMachines() throws Exception {
    List<String> arguments =
        List.of("calibrate", Fixtures.tinyPhi35Mini().toString(), "--tokens", "2048", "-o");
    succeed(SparkHome.alone(and(arguments, folder.resolve("alone.gguf"))));
    succeed(SparkHome.submit(MASTER, Map.of(), and(arguments, folder.resolve("cluster.gguf"))));
    assertThat(Files.mismatch(folder.resolve("alone.gguf"), folder.resolve("cluster.gguf")))
        .isEqualTo(-1);
  }

  /** Losses of windows are added up in the order of the text, whoever ran them. */
  @Test
  @Tag("slow")
  void anEvaluationFindsWhatASingleMachineFinds() throws Exception {
    Path model = Fixtures.tinyPhi35Mini();
    Path out = folder.resolve("made");
    succeed(
        SparkHome.alone(
            List.of(
                "quantize",
                model.toString(),
                "--to",
                "gguf:Q4_K_M",
                "--to",
                "mlx:4bit,group=32",
                "-o",
                out.toString())));
    List<String> arguments = new ArrayList<>(List.of("eval"));
    try (Stream<Path> made = Files.list(out)) {
      made.sorted().forEach(artifact -> arguments.add(artifact.toString()));
    }
    arguments.addAll(
        List.of("--against", model.toString(), "--windows", "3", "--window", "64", "--json"));
    succeed(SparkHome.alone(and(arguments, folder.resolve("alone.json"))));
    succeed(SparkHome.submit(MASTER, Map.of(), and(arguments, folder.resolve("cluster.json"))));
    Map<String, JsonNode> expected = found("alone.json");
    Map<String, JsonNode> found = found("cluster.json");
    assertThat(found.keySet()).isEqualTo(expected.keySet()).hasSizeGreaterThan(50);
    // Last digits depend on how many threads share a product, and on what is compiled already.
    found.forEach(
        (place, value) -> {
          if (value.isDouble()) {
            double wanted = expected.get(place).asDouble();
            assertThat(value.asDouble()).as(place).isCloseTo(wanted, withinPercentage(1e-4));
          } else {
            assertThat(value).as(place).isEqualTo(expected.get(place));
          }
        });
  }

  /** All but what it cost, and what is said of that, by its place. */
  private Map<String, JsonNode> found(String file) throws IOException {
    JsonNode all = new ObjectMapper().readTree(folder.resolve(file).toFile());
    assertThat(all.path("artifacts")).hasSize(2);
    Map<String, JsonNode> found = new TreeMap<>();
    collect("", all, found);
    found.keySet().removeIf(place -> place.matches("/(threads|notices/.*)|.*/costs/.*"));
    return found;
  }

  private static void collect(String place, JsonNode node, Map<String, JsonNode> found) {
    node.properties().forEach(each -> collect(place + "/" + each.getKey(), each.getValue(), found));
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      collect(place + "/" + i, node.get(i), found);
    }
    if (node.isValueNode()) {
      found.put(place, node);
    }
  }

  private static List<String> and(List<String> arguments, Path output) {
    return Stream.concat(arguments.stream(), Stream.of(output.toString())).toList();
  }

  private SparkHome.Ended succeed(ProcessBuilder process) throws Exception {
    SparkHome.Ended ended = SparkHome.run(process, folder);
    assertThat(ended.code()).as(ended.err()).isZero();
    return ended;
  }

  /** Hidden files are the cluster's notes. */
  private void assertSameFiles() throws IOException {
    List<String> expected = files("alone");
    assertThat(files("cluster")).isEqualTo(expected).hasSizeGreaterThan(20);
    for (String file : expected) {
      Path one = folder.resolve("alone").resolve(file);
      Path other = folder.resolve("cluster").resolve(file);
      assertThat(Files.mismatch(one, other)).as(file).isEqualTo(-1);
    }
  }

  private List<String> files(String name) throws IOException {
    Path root = folder.resolve(name);
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .filter(file -> !file.startsWith("."))
          .sorted()
          .toList();
    }
  }
}
