package phiquant.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import phiquant.UserError;
import phiquant.eval.Evaluation;
import phiquant.eval.EvaluationProgress;
import phiquant.eval.EvaluationText;
import phiquant.eval.Evaluator;
import phiquant.eval.Examiner;
import phiquant.publish.Publication;
import phiquant.report.ReportPage;
import phiquant.run.Activations;
import phiquant.run.attention.LongRopeRule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures artifacts against the original that they were made from. */
@Command(
    name = "eval",
    description = "Measure what quantizing cost: quality, speed, memory and size of artifacts.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant eval out/model-Q4_K_M.gguf out/model-mlx-4bit --against model",
      "  phiquant eval out/* --against model --windows 32 --window 512 --report report.html"
    })
final class EvalCommand implements Callable<Integer> {
  private static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();

  @Parameters(
      paramLabel = "ARTIFACT",
      arity = "1..*",
      description = "GGUF files, MLX, ONNX and OpenVINO folders.")
  private List<Path> artifacts;

  @Option(
      names = "--against",
      required = true,
      paramLabel = "CHECKPOINT",
      description = "The original, in full precision.")
  private Path original;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Your own text in UTF-8, instead of the built-in one.")
  private Path text;

  @Option(names = "--windows", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private int windows = 8;

  @Option(
      names = "--window",
      paramLabel = "L",
      description = "Tokens in a window. Default: ${DEFAULT-VALUE}.")
  private int window = 256;

  @Option(
      names = "--activations",
      paramLabel = "f32|int8|both",
      description =
          "f32 measures the weights alone, int8 as the engines round activations."
              + " Default: ${DEFAULT-VALUE}.")
  private String activations = "both";

  @Option(
      names = "--rope-rule",
      paramLabel = "RULE",
      description =
          "When longrope's long factors are used: ${COMPLETION-CANDIDATES}."
              + " Default: as the checkpoint says.")
  private LongRopeRule ropeRule = LongRopeRule.CHECKPOINT;

  @Option(names = "--threads", paramLabel = "N", description = "Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--tensors", description = "List the error of every weight.")
  private boolean tensors;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all as JSON; - prints it.")
  private String json;

  @Option(names = "--csv", paramLabel = "FILE", description = "Write the figures as CSV.")
  private Path csv;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write a page to look at and to print; it needs no network.")
  private Path report;

  @Option(names = "--overwrite", description = "Replace files of results that exist.")
  private boolean overwrite;

  @Mixin private ModelOptions model;

  private Optional<Examiner> examiner = Optional.empty();

  @Override
  public Integer call() throws IOException {
    Threads.checked(threads);
    checkPlace(json == null || json.equals("-") ? null : Path.of(json));
    checkPlace(csv);
    checkPlace(report);
    model.keep(original);
    Evaluation evaluation = order().evaluate(examiner);
    Notices.print(evaluation.notices());
    // What was measured is shown first: it is there even if a file cannot be written.
    String all = JSON.writeValueAsString(evaluation) + "\n";
    if ("-".equals(json)) {
      System.out.print(all); // Standard output holds JSON and nothing else.
    } else {
      System.out.print(EvaluationTable.of(evaluation));
      if (tensors) {
        evaluation.artifacts().forEach(one -> System.out.print(EvaluationTable.tensors(one)));
      }
    }
    if (json != null && !json.equals("-")) {
      Publication.write(Path.of(json), all, overwrite);
    }
    if (csv != null) {
      Publication.write(csv, EvaluationCsv.of(evaluation), overwrite);
    }
    if (report != null) {
      Publication.write(report, ReportPage.of(evaluation), overwrite);
    }
    return 0;
  }

  /** Who runs the models, if not this process alone. */
  void by(Examiner others) {
    this.examiner = Optional.of(others);
  }

  /** What is asked for. */
  EvalOrder order() {
    Evaluator.Options defaults = Evaluator.Options.of(windows, window);
    Evaluator.Options options =
        new Evaluator.Options(
            windows,
            window,
            activations(),
            ropeRule,
            threads,
            model.ignored(),
            defaults.cacheFolder(),
            defaults.cacheLimit(),
            progress());
    EvaluationText on = text == null ? EvaluationText.builtIn() : EvaluationText.of(text);
    return new EvalOrder(original, artifacts, on, options);
  }

  private List<Activations> activations() {
    return switch (activations) {
      case "f32" -> List.of(Activations.F32);
      case "int8" -> List.of(Activations.INT8);
      case "both" -> List.of(Activations.INT8, Activations.F32);
      default ->
          throw UserError.usage(
              "--activations is '" + activations + "'; it can be f32, int8 or both.");
    };
  }

  private static EvaluationProgress progress() {
    boolean terminal = System.console() != null && System.console().isTerminal();
    return terminal ? new EvaluationBar() : EvaluationProgress.NONE;
  }

  /** Measuring takes long, so a place that cannot hold the results is refused before. */
  private void checkPlace(Path file) {
    if (file == null) {
      return;
    }
    if (Files.isDirectory(file)) {
      throw UserError.usage(file + " is a folder; name a file.");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw UserError.usage(file + " cannot be written: there is no folder " + folder + ".");
    }
    Publication.check(file, overwrite);
  }
}
