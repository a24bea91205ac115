package phiquant.trust;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import javax.management.JMException;
import javax.management.ObjectName;
import phiquant.cli.Main;

/**
 * A process that executes one command line after the other, as {@code ./phiquant} would each in a
 * process of its own: what is asked comes in a line of JSON, the outcome goes back in a line.
 */
public final class Worker {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Asks to give back what is not needed any more, so that what is left can be measured. */
  static final String SETTLE = "settle";

  private Worker() {}

  /** A command's arguments, and what it finds in its standard input. */
  record Asked(String[] arguments, String input) {}

  /** What a command printed, and its exit code. */
  record Outcome(int code, String out, String err) {}

  public static void main(String[] none) throws IOException {
    PrintStream answers = System.out;
    BufferedReader asked =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = asked.readLine(); line != null; line = asked.readLine()) {
      if (line.equals(SETTLE)) {
        settle();
        answers.println();
        continue;
      }
      answers.write(JSON.writeValueAsBytes(execute(JSON.readValue(line, Asked.class))));
      answers.write('\n');
      answers.flush();
    }
  }

  private static void settle() {
    System.gc();
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              new Object[0],
              new String[0]);
    } catch (JMException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Outcome execute(Asked asked) {
    System.setIn(new ByteArrayInputStream(asked.input().getBytes(StandardCharsets.UTF_8)));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, false, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    int code = Main.execute(asked.arguments());
    System.out.flush();
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
