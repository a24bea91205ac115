package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.fixtures.Fixtures;

/** The launcher as a user gives it commands: what it prints, how it ends, what it leaves behind. */
class CommandLineIT {
  @TempDir Path folder;

  private record Outcome(int code, String out, String err) {}

  @Test
  void existingArtifactsAreKeptUnlessOverwritten() throws Exception {
    Path file = folder.resolve("m.gguf");
    Files.writeString(file, "precious");
    String model = Fixtures.tinyPhi4().toString();
    Outcome kept = run("quantize", model, "--to", "gguf:Q4_0", "-o", file.toString());
    assertThat(kept.code()).isEqualTo(1);
    assertThat(kept.err()).contains("exists already").contains("--overwrite");
    assertThat(file).hasContent("precious");
    Outcome replaced =
        run("quantize", model, "--to", "gguf:Q4_0", "-o", file.toString(), "--overwrite");
    assertThat(replaced.code()).as(replaced.err()).isZero();
    assertThat(replaced.out()).contains("bits per weight").contains("in higher precision");
    assertThat(Files.size(file)).isGreaterThan(1000);
    assertThat(names()).containsExactly("m.gguf");
  }

  @Test
  void filesOfResultsAreKeptUnlessOverwritten() throws Exception {
    String model = Fixtures.tinyPhi4().toString();
    for (String option : List.of("--report", "--json", "--csv")) {
      Path file = Files.writeString(folder.resolve("r"), "precious");
      List<String> command =
          new ArrayList<>(
              List.of("eval", model, "--against", model, "--windows", "1", "--window", "8"));
      command.addAll(List.of(option, file.toString()));
      Outcome kept = run(command.toArray(String[]::new));
      assertThat(kept.code()).isEqualTo(1);
      assertThat(kept.err()).contains("exists already").contains("--overwrite");
      assertThat(file).hasContent("precious");
      command.add("--overwrite");
      Outcome replaced = run(command.toArray(String[]::new));
      assertThat(replaced.code()).as(replaced.err()).isZero();
      assertThat(file).content().contains(Fixtures.tinyPhi4().getFileName().toString());
      assertThat(names()).containsExactly("r");
    }
  }

  /** One is at work when the other comes; whoever is first, one artifact comes of it. */
  @Test
  void ofTwoRunsIntoOnePlaceOneSaysThatTheOtherIsThere() throws Exception {
    String model = Fixtures.smolPhiMixed().toString();
    Process first = start("quantize", model, "--to", "gguf:F32", "-o", folder.toString());
    await(() -> names().stream().anyMatch(name -> name.endsWith(".partial")));
    signal("STOP", first.toHandle());
    Outcome second = run("quantize", model, "--to", "gguf:F32", "-o", folder.toString());
    signal("CONT", first.toHandle());
    assertThat(second.code()).isEqualTo(1);
    assertThat(second.err()).contains("another run").hasLineCount(1);
    assertThat(first.waitFor()).isZero();
    assertThat(names()).containsExactly("smolphi-mixed-F32.gguf");
  }

  /** A run that stands still cannot be done before the other looks. */
  private static void signal(String name, ProcessHandle process) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** In each namespace processes are numbered from 1, so that numbers would be confused. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void runsInOtherProcessNamespacesAreKnownToLiveOrToBeDead() throws Exception {
    String model = Fixtures.smolPhiMixed().toString();
    List<String> inside =
        List.of("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child");
    List<String> command = new ArrayList<>(inside);
    command.addAll(
        List.of("./phiquant", "quantize", model, "--to", "gguf:F32", "-o", folder.toString()));
    Process first = new ProcessBuilder(command).start();
    await(() -> names().stream().anyMatch(name -> name.endsWith(".partial")));
    first.descendants().forEach(process -> signal("STOP", process));
    Process second = new ProcessBuilder(command).start();
    assertThat(new String(second.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("another run");
    assertThat(second.waitFor()).isEqualTo(1);
    first.destroyForcibly().waitFor();
    await(() -> first.descendants().noneMatch(ProcessHandle::isAlive));
    Process third = new ProcessBuilder(command).start();
    assertThat(new String(third.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("killed");
    assertThat(third.waitFor()).isZero();
    assertThat(names()).containsExactly("smolphi-mixed-F32.gguf");
  }

  @ParameterizedTest
  @CsvSource({
    "'quantize MODEL --to gguf:Q9 -o OUT', 2, gguf has no file type",
    "'quantize MODEL --to tensorflow -o OUT', 2, There is no engine",
    "'quantize MODEL --to mlx:7bit -o OUT', 2, 7",
    "'quantize MODEL --to gguf:Q4_0', 2, -o OUT",
    "'quantize MODEL --to gguf:Q4_0 -o OUT --threads 0', 2, threads",
    "'quantize MODEL --to mlx --pure -o OUT', 2, --pure",
    "'quantize MODEL --to gguf --name a/b -o OUT', 2, --name",
    "'quantize MODEL --to GGUF --tensor-type x=Q9 -o OUT', 2, Q9",
    "'eval MODEL --against MODEL --csv OUT/x.csv', 2, no folder",
    "'quantize /nowhere --to gguf:Q4_0 -o OUT', 1, does not exist",
    "'quantize', 2, Missing required",
    "'inspect /nowhere', 1, does not exist",
    "'frobnicate', 2, frobnicate",
  })
  void mistakesGetOneClearLine(String command, int code, String says) throws Exception {
    String line =
        command.replace("MODEL", Fixtures.tinyPhi4().toString()).replace("OUT", folder + "/out");
    Outcome outcome = run(line.split(" "));
    assertThat(outcome.code()).isEqualTo(code);
    assertThat(outcome.err()).startsWith("error: ").contains(says).doesNotContain("\tat ");
    assertThat(outcome.err().lines().count()).isLessThanOrEqualTo(2);
    assertThat(names()).isEmpty();
  }

  @Test
  void killedRunsLeaveNoArtifactAndTheNextRunCleansUp() throws Exception {
    String model = Fixtures.smolPhiMixed().toString();
    Process process = start("quantize", model, "--to", "gguf:F32", "-o", folder.toString());
    // Before there is something in it, nothing has been left that were worth a word.
    await(() -> Files.exists(folder.resolve(".smolphi-mixed-F32.gguf.partial").resolve("new")));
    kill(process, "KILL");
    assertThat(names()).noneMatch(name -> name.endsWith(".gguf"));
    Outcome next = run("quantize", model, "--to", "gguf:F32", "-o", folder.toString());
    assertThat(next.code()).as(next.err()).isZero();
    assertThat(next.err()).startsWith("note: ").contains("killed").hasLineCount(1);
    assertThat(names()).containsExactly("smolphi-mixed-F32.gguf");
  }

  @Test
  void interruptedRunsLeaveNothing() throws Exception {
    String model = Fixtures.smolPhiMixed().toString();
    Process process =
        start(
            "quantize", model, "--to", "gguf:Q4_K_M", "--to", "mlx:4bit", "-o", folder.toString());
    await(() -> names().stream().anyMatch(name -> name.endsWith(".partial")));
    kill(process, "TERM");
    process.waitFor(20, TimeUnit.SECONDS);
    assertThat(names()).isEmpty();
  }

  /** The file system of processes is a disk without room. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDiskThatIsTooSmallIsSaidBeforeAnythingIsWritten() throws Exception {
    String model = Fixtures.tinyPhi4().toString();
    for (String target : List.of("gguf:Q4_0", "mlx:4bit", "onnx:int4", "openvino:int4")) {
      Outcome outcome = run("quantize", model, "--to", target, "-o", "/proc/out");
      assertThat(outcome.code()).isEqualTo(1);
      assertThat(outcome.err()).contains("disk has 0 MB left").hasLineCount(1);
    }
  }

  /** A limit on the size of files fails a write in the middle, as a full disk does. */
  @Test
  void failedWritesLeaveNothing() throws Exception {
    List<String> command =
        List.of(
            "bash",
            "-c",
            "ulimit -f 20000; exec ./phiquant quantize "
                + Fixtures.tinyPhi4()
                + " --to gguf:F32 -o "
                + folder);
    Process process = new ProcessBuilder(command).start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(err).contains("error: ").contains("cannot be written").doesNotContain("\tat ");
    assertThat(names()).isEmpty();
  }

  /** Where Java would give up in the middle, with a report in this folder and no word on stderr. */
  @Test
  void tooSmallAnAddressSpaceIsOneLine() throws Exception {
    String phiquant = Path.of("phiquant").toAbsolutePath().toString();
    String command = "ulimit -v 4400000; exec " + phiquant + " inspect " + Fixtures.tinyPhi4();
    Process process =
        new ProcessBuilder("bash", "-c", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(said).startsWith("error: the address space is limited").hasLineCount(1);
    assertThat(names()).isEmpty();
  }

  @Test
  void theInputIsNeverWritten() throws Exception {
    Path model = folder.resolve("tiny-phi-4");
    copy(Fixtures.tinyPhi4(), model);
    Outcome made = run("quantize", model.toString(), "--to", "gguf:F16", "-o", folder + "/a.gguf");
    assertThat(made.code()).as(made.err()).isZero();
    byte[] before = Files.readAllBytes(folder.resolve("a.gguf"));
    Outcome refused =
        run(
            "quantize",
            folder + "/a.gguf",
            "--to",
            "gguf:Q8_0",
            "-o",
            folder + "/a.gguf",
            "--overwrite");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("is the input");
    assertThat(Files.readAllBytes(folder.resolve("a.gguf"))).isEqualTo(before);
  }

  @Test
  void dryRunShowsThePlanAndWritesNothing() throws Exception {
    Outcome outcome =
        run("quantize", Fixtures.smolPhi135m().toString(), "--to", "gguf:Q4_K_M", "--dry-run");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .contains("token_embd.weight")
        .contains("blk.29.ffn_up.weight")
        .contains("bits per weight")
        .contains("256 does not divide");
    assertThat(names()).isEmpty();
  }

  @Test
  void requantizingSaysWhatItCosts() throws Exception {
    Outcome outcome =
        run(
            "quantize",
            Fixtures.smolLm2Gguf().toString(),
            "--to",
            "gguf:Q8_0",
            "-o",
            folder.toString());
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.err()).contains("warning: the source is quantized already");
  }

  /** The JVM would say on standard output that its cache is of another jar. */
  @Test
  void afterABuildNothingButTheAnswerIsPrinted() throws Exception {
    String model = Fixtures.tinyPhi4().toString();
    assertThat(run("inspect", model).code()).isZero();
    Files.setLastModifiedTime(
        Path.of("program/target/phiquant.jar"), FileTime.fromMillis(System.currentTimeMillis()));
    for (int i = 0; i < 2; i++) {
      Outcome outcome = run("inspect", model, "--json");
      assertThat(outcome.code()).isZero();
      assertThat(new ObjectMapper().readTree(outcome.out()).path("supported").asBoolean()).isTrue();
      assertThat(outcome.err()).isEmpty();
    }
  }

  @Test
  void completionAndVersionAndHelpWork() throws Exception {
    assertThat(run("completion").out()).contains("complete");
    assertThat(run("version").out()).contains("kernels: vector");
    assertThat(run("quantize", "--help").out()).contains("Examples:");
    assertThat(run("help", "serve").out()).contains("--port");
    assertThat(run("--help").out())
        .containsSubsequence("quantize", "inspect", "serve", "eval", "demo", "completion", "help")
        .doesNotContain("rehearse");
  }

  @Test
  void whatTheLauncherRehearsesWithLeavesNothing() throws Exception {
    Path killed = Files.createTempDirectory("phiquant-rehearsal-");
    Files.writeString(killed.resolve("model"), "half of it");
    Files.setLastModifiedTime(killed, FileTime.from(Instant.now().minusSeconds(3700)));
    Process process =
        new ProcessBuilder("./phiquant", "rehearse").redirectErrorStream(true).start();
    process.getOutputStream().close();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(process.waitFor()).isZero();
    try (Stream<Path> left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .noneMatch(name -> name.startsWith("phiquant-rehearsal-"));
      assertThat(killed).doesNotExist();
    }
  }

  private List<String> names() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** For a while: the first run after a build prepares quick starts, and machines are busy. */
  private static void await(java.util.function.BooleanSupplier condition) throws Exception {
    for (int i = 0; i < 9000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private static void kill(Process launcher, String signal) throws Exception {
    new ProcessBuilder("kill", "-" + signal, Long.toString(launcher.pid())).start().waitFor();
    launcher.waitFor(20, TimeUnit.SECONDS);
  }

  private static Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }

  private static Outcome run(String... arguments) throws Exception {
    Path out = Files.createTempFile("out", "");
    Path err = Files.createTempFile("err", "");
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    int code =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start()
            .waitFor();
    Outcome outcome = new Outcome(code, Files.readString(out), Files.readString(err));
    Files.delete(out);
    Files.delete(err);
    return outcome;
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
