package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.fixtures.Fixtures;

/** How commands end when the launcher gets a signal, and when nobody takes what they print. */
class SignalsIT {
  private static final String SMOL = Fixtures.smolPhi135m().toString();
  private static final String TINY = Fixtures.tinyPhi4().toString();

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
  void aSignalToTheLauncherEndsQuantizingAndNothingAppears(String signal, int code)
      throws Exception {
    Path out = folder.resolve("out");
    Process process =
        start("quantize", SMOL, "--to", "gguf:F32", "--to", "mlx:4bit", "-o", out.toString());
    while (!Files.isDirectory(out)) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(5);
    }
    signal(process, signal);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(code);
    assertThat(text(process)).isEmpty();
    Thread.sleep(500); // Whoever was left would go on now.
    assertThat(everything(folder)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
  void aSignalToTheLauncherEndsServingAndThePortIsFree(String signal, int code) throws Exception {
    Process process = start("serve", TINY, "--port", "0");
    BufferedReader err = process.errorReader(StandardCharsets.UTF_8);
    URI address = URI.create(err.readLine().replaceAll(".*(http://[0-9.:]+);.*", "$1"));
    new Socket(address.getHost(), address.getPort()).close();
    signal(process, signal);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(code);
    assertThat(err.readLine()).isNull();
    assertThatThrownBy(() -> new Socket(address.getHost(), address.getPort()))
        .isInstanceOf(ConnectException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "version",
        "--help",
        "help run",
        "completion",
        "inspect TINY",
        "inspect TINY --json",
        "advise TINY --device raspberry-pi-5",
        "advise --device list",
        "quantize TINY --to gguf:Q4_0 --dry-run",
        "quantize TINY --to gguf:Q4_0 -o OUT",
        "eval TINY --against TINY --windows 1 --window 8 --json -",
        "run TINY -n 4 -p x",
        "chat TINY -n 4",
      })
  void aFullStandardOutputIsAFailureThatIsSaid(String command) throws Exception {
    Path err = folder.resolve("err");
    Process process = bash(command, "> /dev/full 2> " + err);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(err).content().startsWith("error: standard output").hasLineCount(1);
  }

  @Test
  void aClosedPipeIsAFailureWithoutAWord() throws Exception {
    for (String command : List.of("version", "inspect TINY --json", "run TINY -n 40 -p x")) {
      Path err = folder.resolve("err");
      Process process = bash(command, "2> " + err + " | true; exit ${PIPESTATUS[0]}");
      assertThat(process.waitFor()).as(command).isEqualTo(1);
      assertThat(err).content().isEmpty();
    }
  }

  @Test
  void aClosedStandardOutputIsAFailureThatIsSaid() throws Exception {
    Path err = folder.resolve("err");
    assertThat(bash("version", ">&- 2> " + err).waitFor()).isEqualTo(1);
    assertThat(err).content().startsWith("error: standard output").hasLineCount(1);
  }

  /** Standard error is all there when the command has ended, whoever reads it. */
  @Test
  void whatIsSaidIsSaidBeforeTheEnd() throws Exception {
    Path err = folder.resolve("err");
    for (int i = 0; i < 10; i++) {
      assertThat(bash("inspect /nowhere", "2> " + err).waitFor()).isEqualTo(1);
      assertThat(err).hasContent("error: /nowhere does not exist.");
    }
  }

  private Process bash(String command, String redirections) throws IOException {
    String line =
        "./phiquant "
            + command.replace("TINY", TINY).replace("OUT", folder.resolve("out").toString())
            + " "
            + redirections;
    return new ProcessBuilder("bash", "-c", line)
        .redirectInput(Files.writeString(folder.resolve("in"), "a\nb\nc\n").toFile())
        .start();
  }

  /** Whoever runs the tests may ignore signals, which its children would inherit. */
  private static Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal", "./phiquant"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }

  private static void signal(Process process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  private static String text(Process process) throws IOException {
    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static List<String> everything(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> !path.equals(folder))
          .map(path -> folder.relativize(path).toString())
          .toList();
    }
  }
}
