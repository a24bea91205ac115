package phiquant.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import phiquant.Version;
import phiquant.quant.VectorSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line: a thin face over the library. */
@Command(
    name = "phiquant",
    description = "Puts Microsoft's Phi models on the devices that people own.",
    mixinStandardHelpOptions = true,
    version = "phiquant " + Version.NUMBER,
    subcommands = {
      QuantizeCommand.class,
      InspectCommand.class,
      AdviseCommand.class,
      RunCommand.class,
      ChatCommand.class,
      ServeCommand.class,
      EvalCommand.class,
      DemoCommand.class,
      VersionCommand.class,
      CompletionCommand.class,
      HelpCommand.class
    })
public final class Main implements Runnable {
  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show a stack trace when something fails.")
  private boolean debug;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  /** Runs a command and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(execute(args));
  }

  /** Runs a command: 0 if it went well, 2 for wrong usage, 1 for everything else. */
  static int execute(String... args) {
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    Errors errors = new Errors(err, () -> main.debug);
    line.setParameterExceptionHandler(errors);
    line.setExecutionExceptionHandler(errors);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    if (!VectorSupport.available()) {
      err.println(
          "note: this JVM runs without vector instructions, which is slow; start it with"
              + " --add-modules jdk.incubator.vector, as ./phiquant does.");
    }
    return line.execute(args);
  }
}
