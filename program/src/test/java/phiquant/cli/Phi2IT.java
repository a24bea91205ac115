package phiquant.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.Fixtures;

/** A Phi-2, which has no chat template, with the commands that others are used with. */
class Phi2IT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = Fixtures.tiny("phi-2").toString();

  @TempDir Path folder;
  private String said;

  /** The original beside itself in 4 bits: it loses something, and the report has it. */
  @Test
  @Tag("slow")
  void evalMeasuresAndReports() throws Exception {
    Path out = folder.resolve("out");
    assertThat(phiquant("quantize", MODEL, "--to", "gguf:Q4_K_M", "-o", out.toString())).isZero();
    String artifact = out.resolve("tiny-phi-2-Q4_K_M.gguf").toString();
    Path report = folder.resolve("report.html");
    Path figures = folder.resolve("figures.json");
    List<String> eval = new ArrayList<>(List.of("eval", artifact, "--against", MODEL));
    eval.addAll(List.of("--windows", "1", "--window", "32", "--activations", "f32"));
    eval.addAll(List.of("--json", figures.toString(), "--report", report.toString()));
    assertThat(phiquant(eval.toArray(String[]::new))).as(said).isZero();
    assertThat(report).content().contains("Q4_K_M").contains("</html>");
    JsonNode measured = JSON.readTree(figures.toFile()).path("artifacts").path(0);
    assertThat(measured.findValue("meanKl").asDouble()).isPositive();
  }

  /** The words of the template are Phi-2's own, from its card. */
  @Test
  void itChatsWithATemplateThatIsGiven() throws Exception {
    assertThat(phiquant("run", MODEL, "-p", "Hi.", "-n", "1")).isEqualTo(1);
    assertThat(said).contains("has no chat template").contains("--raw").contains("--chat-template");
    Path template = folder.resolve("template.jinja");
    Files.writeString(
        template, "{% for m in messages %}Instruct: {{ m.content }}\n{% endfor %}Output:");
    String given = template.toString();
    assertThat(phiquant("run", MODEL, "-p", "Hi.", "-n", "1", "--chat-template", given)).isZero();
    // The same as the text that the template makes of it.
    String answer = said.lines().findFirst().orElseThrow();
    assertThat(phiquant("run", MODEL, "--raw", "-p", "Instruct: Hi.\nOutput:", "-n", "1")).isZero();
    assertThat(said.lines().findFirst().orElseThrow()).isEqualTo(answer);
    assertThat(phiquant("run", MODEL, "-p", "Hi.", "--chat-template", given + "x")).isEqualTo(2);
    assertThat(said).startsWith("error: ").contains("template.jinjax cannot be read");
  }

  @Test
  void adviseFindsAFormat() throws Exception {
    assertThat(
            phiquant("advise", MODEL, "--device", "raspberry-pi-5", "--context", "512", "--json"))
        .as(said)
        .isZero();
    assertThat(said).contains("phiquant quantize").contains("--to ");
  }

  @Test
  void theServerCompletesAndSaysThatItCannotChat() throws Exception {
    Process server =
        new ProcessBuilder("./phiquant", "serve", MODEL, "--port", "0", "--ctx", "64").start();
    try (BufferedReader err = server.errorReader(UTF_8)) {
      String url = err.readLine().replaceAll(".*(http://[0-9.:]+);.*", "$1");
      HttpResponse<String> completion =
          post(url + "/v1/completions", "{\"prompt\": \"1, 2,\", \"max_tokens\": 3}");
      assertThat(completion.statusCode()).as(completion.body()).isEqualTo(200);
      JsonNode usage = JSON.readTree(completion.body()).path("usage");
      assertThat(usage.path("completion_tokens").asInt()).isBetween(1, 3);
      HttpResponse<String> chat =
          post(
              url + "/v1/chat/completions",
              "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi.\"}]}");
      assertThat(chat.statusCode()).isEqualTo(400);
      assertThat(chat.body()).contains("has no chat template").contains("completions");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static HttpResponse<String> post(String url, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  private int phiquant(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    Path output = folder.resolve("said");
    int code =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start()
            .waitFor();
    said = Files.readString(output);
    return code;
  }
}
