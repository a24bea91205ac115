package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.fixtures.Fixtures;

/**
 * A chat template that goes on for long, or makes much, costs a server little: it is measured from
 * outside, in the time of the answer and in what the kernel says of the process. Jinja renders the
 * templates here in some seconds.
 */
class TemplateBudgetIT {
  /** What the kernel counts CPU time in, a second (sysconf(_SC_CLK_TCK) of Linux). */
  private static final int TICKS = 100;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(9999) %}{% for b in range(2999) %}{% endfor %}{% endfor %}x",
        "{% for a in range(999) %}{% set t = range(99999) | list %}{% endfor %}x",
        "{% for a in range(99) %}{{ 'x'.center(1000000) }}{% endfor %}",
      })
  void isRefusedSoonWithLittleMemoryAndNothingGoesOn(String template) throws Exception {
    Process process =
        new ProcessBuilder("./phiquant", "serve", model(template).toString(), "--port", "0")
            .start();
    try {
      BufferedReader err =
          new BufferedReader(
              new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
      assertThat(err.readLine()).as("of two templates").startsWith("note: ");
      String url = err.readLine().replaceAll(".*(http://[0-9.:]+);.*", "$1");
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpResponse<String> health =
            client.send(
                HttpRequest.newBuilder(URI.create(url + "/health")).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(health.statusCode()).isEqualTo(200);
        long memory = kilobytes(process, "VmRSS");
        long start = System.nanoTime();
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(URI.create(url + "/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        double seconds = (System.nanoTime() - start) / 1e9;
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains("chat template").contains("is too much");
        assertThat(seconds).as("seconds to the answer").isLessThan(2);
        assertThat((kilobytes(process, "VmHWM") - memory) / 1024)
            .as("MB more than before, at most")
            .isLessThan(300);
        assertThat(quietest(process)).as("seconds of a CPU in a second").isLessThan(0.1);
      }
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private Path model(String template) throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Fixtures.tinyPhi35Mini())) {
      for (Path file : files.toList()) {
        Files.createSymbolicLink(model.resolve(file.getFileName()), file);
      }
    }
    Files.writeString(model.resolve("chat_template.jinja"), template);
    return model;
  }

  /**
   * The seconds of a CPU in the quietest of the next three seconds: Java still compiles for a while
   * what it has just run.
   */
  private static double quietest(Process process) throws Exception {
    double quietest = Double.MAX_VALUE;
    for (int second = 0; second < 3; second++) {
      long ticks = ticks(process);
      Thread.sleep(1000);
      quietest = Math.min(quietest, (ticks(process) - ticks) / (double) TICKS);
    }
    return quietest;
  }

  private static long kilobytes(Process process, String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  /** Of user and system, fields 14 and 15 of stat(5), of which the second may hold spaces. */
  private static long ticks(Process process) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }
}
