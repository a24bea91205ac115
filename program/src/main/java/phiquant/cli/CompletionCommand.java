package phiquant.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints a script that completes phiquant's commands and options in bash and zsh. */
@Command(
    name = "completion",
    description = "Print a completion script: source <(phiquant completion)",
    mixinStandardHelpOptions = true)
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    CommandLine root = spec.root().commandLine();
    System.out.print(AutoComplete.bash("phiquant", root));
    return 0;
  }
}
