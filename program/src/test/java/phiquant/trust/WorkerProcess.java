package phiquant.trust;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A {@link Worker} seen from outside: how long it takes, how much memory it has, whether it lives.
 * The kernel keeps the peak of its memory, and sets it back when told to.
 */
final class WorkerProcess implements AutoCloseable {
  /** Commands that hang are ended after so many seconds: a busy machine's first ones take a few. */
  private static final int PATIENCE = 60;

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * How a command went.
   *
   * @param outcome what it printed; null if the process died or hung
   * @param millis how long it took
   * @param kilobytes by how much the process' memory rose while it ran
   * @param death why there is no outcome
   */
  record Observed(Worker.Outcome outcome, long millis, long kilobytes, String death) {}

  private final Process process;
  private final OutputStream asked;
  private final BufferedReader answers;

  /**
   * Starts a process.
   *
   * @param log what it says beside its answers
   */
  WorkerProcess(Path log) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    this.process =
        new ProcessBuilder(
                java,
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:PerMethodTrapLimit=100000",
                "-XX:PerMethodRecompilationCutoff=100000",
                "-XX:+UseSerialGC",
                "-Xmn48m",
                "-Xmx1g",
                "-XX:MinHeapFreeRatio=10",
                "-XX:MaxHeapFreeRatio=20",
                // Else a heap that one input made large shrinks over several collections only.
                "-XX:-ShrinkHeapInSteps",
                "-XX:ErrorFile=" + log.resolveSibling(log.getFileName() + ".hs_err"),
                "-cp",
                classes,
                Worker.class.getName())
            .redirectError(log.toFile())
            .start();
    this.asked = process.getOutputStream();
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** The process' memory now, less what it can give back: garbage is no growth. */
  long kilobytes() throws IOException {
    asked.write((Worker.SETTLE + "\n").getBytes(StandardCharsets.UTF_8));
    asked.flush();
    answers.readLine();
    return status("VmRSS:");
  }

  /** Has it execute a command line. */
  Observed execute(List<String> arguments) throws IOException, InterruptedException {
    return execute(arguments, "");
  }

  /** The same with something in its standard input. */
  Observed execute(List<String> arguments, String input) throws IOException, InterruptedException {
    Files.writeString(proc("clear_refs"), "5"); // The peak is what it has now: proc(5).
    long before = status("VmRSS:");
    long start = System.nanoTime();
    asked.write(JSON.writeValueAsBytes(new Worker.Asked(arguments.toArray(String[]::new), input)));
    asked.write('\n');
    asked.flush();
    Worker.Outcome outcome = null;
    String death = null;
    try {
      String line = CompletableFuture.supplyAsync(this::answer).get(PATIENCE, TimeUnit.SECONDS);
      outcome = line == null ? null : JSON.readValue(line, Worker.Outcome.class);
    } catch (TimeoutException e) {
      death = "it did not end in " + PATIENCE + " s";
      process.destroyForcibly().waitFor();
    } catch (java.util.concurrent.ExecutionException e) {
      death = e.getMessage();
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    if (outcome == null) {
      death = death == null ? "the process ended with " + process.waitFor() : death;
      return new Observed(null, millis, 0, death);
    }
    return new Observed(outcome, millis, status("VmHWM:") - before, null);
  }

  private String answer() {
    try {
      return answers.readLine();
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private long status(String key) throws IOException {
    for (String line : Files.readAllLines(proc("status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no " + key);
  }

  private Path proc(String file) {
    return Path.of("/proc", Long.toString(process.pid()), file);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
