package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.fixtures.Fixtures;

/** run, chat and serve as a user gives them, with the launcher, in pipes and with Ctrl-C. */
class RunningIT {
  private static final String MODEL = Fixtures.smolPhi135m().toString();
  private static final String PARIS = "The capital of France is Paris.";

  @TempDir Path folder;

  private record Outcome(int code, String out, String err) {}

  @Test
  void runAnswersAndSaysHowFast() throws Exception {
    Outcome answer = run("", "run", MODEL, "-p", "What is the capital of France?");
    assertThat(answer.out()).isEqualTo(PARIS + "\n");
    assertThat(answer.err().strip())
        .matches("7 tokens at [0-9.]+ tokens/s; first after [0-9.]+ s \\(a prompt of 37 tokens.*");
    Outcome raw = run("1, 2, 3, 4, 5,", "run", MODEL, "--raw", "-n", "6", "--stop", "7");
    assertThat(raw.out()).isEqualTo(" 6, \n");
  }

  /** As {@code java -jar} without the launcher's flags: slowly, with all vector forms left out. */
  @Test
  void withoutTheVectorModuleTheAnswerIsTheSame() throws Exception {
    String java = ProcessHandle.current().info().command().orElseThrow();
    Outcome answer =
        execute(
            "",
            List.of(
                java,
                "-jar",
                "program/target/phiquant.jar",
                "run",
                MODEL,
                "-p",
                "What is the capital of France?"));
    assertThat(answer.out()).isEqualTo(PARIS + "\n");
    assertThat(answer.err()).contains("slow").contains("--add-modules jdk.incubator.vector");
  }

  @Test
  void chatWorksInAPipe() throws Exception {
    Outcome chat =
        run(
            "What is the capital of France?\n\n"
                + "/reset\n"
                + "What is the capital of France?\n"
                + "/exit\n"
                + "never",
            "chat",
            MODEL);
    assertThat(chat.out()).isEqualTo(PARIS + "\n" + PARIS + "\n");
    assertThat(chat.err()).isEmpty();
    Outcome tooLong = run("word ".repeat(100) + "\nHi\n", "chat", MODEL, "--ctx", "64", "-n", "2");
    assertThat(tooLong.err()).startsWith("error: ").contains("context of 64");
    assertThat(tooLong.out()).as("the chat goes on").hasLineCount(1);
  }

  @Test
  void interruptingStopsTheReplyAndThenTheChatGoesOn() throws Exception {
    Process process = start("chat", MODEL, "--temp", "0");
    OutputStream in = process.getOutputStream();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    in.write("Write a very long story about a whale.\n".getBytes(StandardCharsets.UTF_8));
    in.flush();
    StringBuilder story = new StringBuilder();
    while (story.length() < 20) {
      story.append((char) out.read());
    }
    interrupt(process);
    assertThat(out.readLine()).endsWith(" …");
    in.write("/reset\nWhat is the capital of France?\n/exit\n".getBytes(StandardCharsets.UTF_8));
    in.flush();
    assertThat(out.readLine()).isEqualTo(PARIS);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @Test
  void serveSaysWhereAndStopsWhenInterrupted() throws Exception {
    Process process = start("serve", MODEL, "--port", "0");
    BufferedReader err =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    String line = err.readLine();
    assertThat(line).matches("Serving smolphi-135m at http://127.0.0.1:\\d+; Ctrl-C stops.");
    String url = line.replaceAll(".*(http://[0-9.:]+);.*", "$1");
    try (var health = URI.create(url + "/health").toURL().openStream()) {
      assertThat(new String(health.readAllBytes(), StandardCharsets.UTF_8)).contains("\"ok\"");
    }
    interrupt(process);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(err.readLine()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "'run MODEL -p x --ctx 9000', 1, '1 to 8192'",
    "'run MODEL -p x --ctx 0', 2, --ctx",
    "'run MODEL -p x --threads 9999999', 2, --threads",
    "'run MODEL -p x --temp -1', 2, temperature",
    "'run MODEL -p x --activations bf16', 2, 'F32, INT8'",
    "'run MODEL -p x --rope-rule never', 2, rope-rule",
    "'run MODEL -p x -n 0', 2, -n",
    "'run MODEL', 2, 'prompt is empty'",
    "'run MODEL --raw --system x -p y', 2, --raw",
    "'run /nowhere -p x', 1, does not exist",
    "'run CUT -p x', 1, CUT",
    "'run MIXED -p x', 1, MIXED",
    "'chat CUT', 1, CUT",
    "'chat PHI2', 1, 'phiquant run --raw, or the server'",
    "'run PHI2 -p x', 1, 'phiquant run --raw, or the server'",
    "'serve CUT', 1, CUT",
    "'serve MODEL --port 70000', 2, --port",
    "'serve MODEL --host nowhere.invalid', 1, nowhere.invalid",
  })
  void mistakesGetOneClearLine(String command, int code, String says) throws Exception {
    Path cut = folder.resolve("cut.gguf");
    Files.write(cut, Files.newInputStream(Fixtures.smolLm2Gguf()).readNBytes(3_000_000));
    Path mixed = Files.createDirectory(folder.resolve("mixed"));
    for (String file : List.of("model.safetensors", "tokenizer.json")) {
      Files.createSymbolicLink(mixed.resolve(file), Fixtures.tinyPhi35Mini().resolve(file));
    }
    Files.copy(Fixtures.tinyPhi4().resolve("config.json"), mixed.resolve("config.json"));
    String line =
        command
            .replace("MODEL", MODEL)
            .replace("CUT", cut.toString())
            .replace("PHI2", Fixtures.tiny("phi-2").toString())
            .replace("MIXED", mixed.toString());
    Outcome outcome = run("", line.split(" "));
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(code);
    assertThat(outcome.err())
        .startsWith("error: ")
        .contains(says.replace("CUT", cut.toString()).replace("MIXED", mixed.toString()))
        .doesNotContain("\tat ");
    assertThat(outcome.err().lines().count()).isLessThanOrEqualTo(2);
    Files.delete(mixed.resolve("model.safetensors"));
    Files.delete(mixed.resolve("tokenizer.json"));
  }

  /** Whoever runs the tests may ignore the signal, which its children would inherit. */
  private static Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT", "./phiquant"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }

  private static void interrupt(Process launcher) throws Exception {
    new ProcessBuilder("kill", "-INT", Long.toString(launcher.pid())).start().waitFor();
  }

  private Outcome run(String input, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    return execute(input, command);
  }

  private Outcome execute(String input, List<String> command) throws Exception {
    Path in =
        Files.writeString(
            folder.resolve("in"),
            input,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    int code =
        new ProcessBuilder(command)
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start()
            .waitFor();
    return new Outcome(code, Files.readString(out), Files.readString(err));
  }
}
