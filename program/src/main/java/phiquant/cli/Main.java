package phiquant.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
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
    version = "phiquant " + Version.NUMBER)
public final class Main implements Runnable {
  private static final List<Class<?>> COMMANDS =
      List.of(
          QuantizeCommand.class,
          CalibrateCommand.class,
          InspectCommand.class,
          AdviseCommand.class,
          RunCommand.class,
          ChatCommand.class,
          ServeCommand.class,
          EvalCommand.class,
          NpuCommand.class,
          PushCommand.class,
          DemoCommand.class,
          RehearseCommand.class,
          VersionCommand.class);

  /** What speaks of all commands. */
  private static final List<Class<?>> OVERVIEWS =
      List.of(CompletionCommand.class, HelpCommand.class);

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
    StandardStreams.Output out = StandardStreams.open();
    int code = execute(args);
    IOException failure = out.failure();
    if (failure != null && code == 0) {
      code = 1;
      if (!closedByReader(failure)) {
        System.err.println("error: standard output cannot be written: " + failure.getMessage());
      }
    }
    System.exit(code);
  }

  /** Who reads with {@code head} has what was wanted, and needs no word about the rest. */
  private static boolean closedByReader(IOException failure) {
    return String.valueOf(failure.getMessage()).contains("Broken pipe");
  }

  /** Runs a command: 0 if it went well, 2 for wrong usage, 1 for everything else. */
  public static int execute(String... args) {
    return execute(Others.NONE, args);
  }

  /** The same, with long work done by others. */
  public static int execute(Others others, String... args) {
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    commands(args).forEach(line::addSubcommand);
    line.getSubcommands().values().forEach(command -> others.help(command.getCommand()));
    Errors errors = new Errors(err, () -> main.debug);
    line.setParameterExceptionHandler(errors);
    line.setExecutionExceptionHandler(errors);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    if (!VectorSupport.available()) {
      err.println(
          "note: this JVM runs without vector instructions, which is slow; start it with"
              + " --add-modules jdk.incubator.vector, as ./phiquant does.");
    }
    try {
      return line.execute(args);
    } catch (Error e) {
      // Which picocli passes on: memory that ran out, a file that went away while it was mapped.
      return errors.report(e);
    }
  }

  /** Says what went wrong before a command could run, as commands do, and gives the exit code. */
  public static int report(RuntimeException failure) {
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    return new Errors(err, () -> false).report(failure);
  }

  /** The command that is asked for, if there is such a one: to build all takes 60 ms. */
  private static List<Class<?>> commands(String... args) {
    List<Class<?>> all = Stream.concat(COMMANDS.stream(), OVERVIEWS.stream()).toList();
    String asked = args.length == 0 ? "" : args[0] + "Command";
    return COMMANDS.stream()
        .filter(command -> command.getSimpleName().equalsIgnoreCase(asked))
        .findFirst()
        .<List<Class<?>>>map(List::of)
        .orElse(all);
  }
}
