package phiquant.trust;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.engine.Checkpoints;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.serve.Server;

/**
 * Every member of the family through every command, in every format that is written for it: what a
 * README promises of all models holds of each.
 */
class FamilyIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> ONE_OF_EACH =
      List.of("gguf:Q4_K_M", "mlx:4bit,group=32", "onnx:int4", "openvino:int8", "safetensors:bf16");

  private static final List<String> ALL =
      List.of(
          "gguf:Q4_K_M",
          "gguf:IQ4_NL",
          "gguf:MXFP4_MOE",
          "mlx:4bit,group=32",
          "mlx:mxfp4",
          "onnx:int4",
          "onnx:int8",
          "onnx:fp32",
          "onnx:mobile",
          "openvino:int4,group=32",
          "openvino:int8",
          "openvino:fp16",
          "openvino:nf4",
          "safetensors:bf16");

  @TempDir static Path logs;
  private static WorkerProcess worker;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    worker = new WorkerProcess(logs.resolve("log"));
  }

  @AfterAll
  static void end() {
    worker.close();
  }

  @ParameterizedTest
  @EnumSource
  void everyCommandTakesAFormatOfEachEngine(TinyKind kind) throws Exception {
    throughAllCommands(kind, ONE_OF_EACH);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void everyCommandTakesEveryFormat(TinyKind kind) throws Exception {
    throughAllCommands(kind, ALL);
  }

  private void throughAllCommands(TinyKind kind, List<String> formats) throws Exception {
    Path model = new Input(kind, new TinyModel(kind, true, 256, false).files()).write(at("tiny"));
    List<String> targets = formats.stream().filter(kind::isWrittenFor).toList();
    List<String> quantize = new ArrayList<>(List.of("quantize", "" + model, "-o", "" + at("out")));
    targets.forEach(target -> quantize.addAll(List.of("--to", target)));
    done(quantize, "");
    List<Path> artifacts = artifacts();
    assertThat(artifacts).hasSameSizeAs(targets);
    for (Path artifact : artifacts) {
      taken(artifact);
      served(artifact);
    }
    String advice = done(List.of("advise", "" + model, "--device", "raspberry-pi-5"), "");
    assertThat(advice).contains("phiquant quantize");
    measured(model, artifacts);
  }

  private static void taken(Path artifact) throws Exception {
    String name = artifact.toString();
    assertThat(done(List.of("inspect", name), "")).contains("256");
    done(List.of("run", name, "--raw", "-p", "One", "-n", "2"), "");
    done(List.of("chat", name, "-n", "2"), "Hi.\n/exit\n");
  }

  private static void served(Path artifact) throws Exception {
    try (Session session =
            Session.open(Checkpoints.open(artifact), RunOptions.defaults(), OptionalInt.of(64));
        Server server =
            Server.start(
                session, new Server.Settings("x", "127.0.0.1", 0, 1, 1 << 20, Sampling.GREEDY));
        HttpClient client = HttpClient.newHttpClient()) {
      URI at =
          URI.create("http://127.0.0.1:" + server.address().getPort() + "/v1/chat/completions");
      String asked =
          "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi.\"}], \"max_tokens\": 2}";
      HttpRequest request =
          HttpRequest.newBuilder(at)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(asked))
              .build();
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(artifact + ": " + answer.body()).isEqualTo(200);
    }
  }

  /** What keeps every number loses nothing, what rounds loses something. */
  private void measured(Path model, List<Path> artifacts) throws Exception {
    List<String> eval = new ArrayList<>(List.of("eval", "--against", model.toString()));
    artifacts.forEach(artifact -> eval.add(artifact.toString()));
    eval.addAll(List.of("--windows", "1", "--window", "16", "--activations", "f32"));
    eval.addAll(List.of("--json", "" + at("figures.json"), "--report", "" + at("report.html")));
    done(eval, "");
    assertThat(at("report.html")).content().contains("</html>");
    JsonNode figures = JSON.readTree(at("figures.json").toFile()).path("artifacts");
    assertThat(figures).hasSameSizeAs(artifacts);
    for (JsonNode one : figures) {
      double divergence = one.findValue("meanKl").asDouble();
      if (one.toString().matches("(?s).*(bf16|fp32).*")) {
        assertThat(divergence).as(one.toString()).isLessThan(1e-6);
      } else {
        assertThat(divergence).as(one.toString()).isPositive();
      }
    }
  }

  private static String done(List<String> command, String input) throws Exception {
    WorkerProcess.Observed seen = worker.execute(command, input);
    assertThat(seen.outcome()).as(command + ": " + seen.death()).isNotNull();
    assertThat(seen.outcome().code()).as(command + ": " + seen.outcome().err()).isZero();
    assertThat(seen.outcome().err()).doesNotContain("error:");
    return seen.outcome().out();
  }

  private List<Path> artifacts() throws IOException {
    try (Stream<Path> made = Files.list(at("out"))) {
      return made.sorted().toList();
    }
  }

  private Path at(String name) {
    return folder.resolve(name);
  }
}
