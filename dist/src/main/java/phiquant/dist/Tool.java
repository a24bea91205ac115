package phiquant.dist;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/** A command of the JDK that this program runs on. */
record Tool(ToolProvider provider) {
  /**
   * The command of that name.
   *
   * @throws IllegalStateException if this Java has none, and is no JDK
   */
  static Tool named(String name) {
    return new Tool(
        ToolProvider.findFirst(name)
            .orElseThrow(() -> new IllegalStateException("This Java has no " + name)));
  }

  /**
   * Runs it.
   *
   * @throws IllegalStateException if it fails, having said why
   */
  void run(String... arguments) {
    if (provider.run(System.out, System.err, arguments) != 0) {
      throw new IllegalStateException(provider.name() + " failed");
    }
  }

  /**
   * Runs a program, whose words matter only if it fails.
   *
   * @throws IllegalStateException if it fails, with what it printed
   */
  static void start(Path program, List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    if (code != 0) {
      throw new IllegalStateException("%s ended with %d: %s".formatted(command, code, said));
    }
  }
}
