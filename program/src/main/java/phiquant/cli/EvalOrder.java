package phiquant.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.eval.Evaluation;
import phiquant.eval.EvaluationText;
import phiquant.eval.Evaluator;
import phiquant.eval.Examiner;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What an {@code eval} command asks for, with nothing run: others may run the models. */
public final class EvalOrder {
  private final Path original;
  private final List<Path> artifacts;
  private final EvaluationText text;
  private final Evaluator.Options options;

  EvalOrder(Path original, List<Path> artifacts, EvaluationText text, Evaluator.Options options) {
    this.original = original;
    this.artifacts = artifacts;
    this.text = text;
    this.options = options;
  }

  /**
   * Of arguments as a person gives them.
   *
   * @param arguments those after {@code eval} on the command line
   * @throws UserError if they are wrong
   */
  public static EvalOrder of(List<String> arguments) {
    try {
      EvalCommand command = new EvalCommand();
      CommandLine.populateCommand(command, arguments.toArray(String[]::new));
      return command.order();
    } catch (ParameterException e) {
      throw UserError.usage(e.getMessage());
    }
  }

  /** The names of what {@code eval} takes, without the hyphens: {@code windows}, {@code text}. */
  public static Set<String> options() {
    return new CommandLine(new EvalCommand())
        .getCommandSpec().options().stream()
            .map(option -> option.longestName().replaceFirst("^-+", ""))
            .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Measures, with models that others run if there are such. */
  public Evaluation evaluate(Optional<Examiner> examiner) {
    return examiner
        .map(others -> Evaluator.evaluate(original, artifacts, text, options, others))
        .orElseGet(() -> Evaluator.evaluate(original, artifacts, text, options));
  }
}
