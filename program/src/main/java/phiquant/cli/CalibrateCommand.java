package phiquant.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.importance.Calibrate;
import phiquant.importance.CalibrationProgress;
import phiquant.importance.CalibrationText;
import phiquant.importance.Merge;
import phiquant.importance.Passage;
import phiquant.publish.Publication;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes importance matrices. */
@Command(
    name = "calibrate",
    description = "See on a text which columns of a model's weights matter: an importance matrix.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant calibrate model -o calibration.gguf",
      "  phiquant quantize model --to gguf:Q4_K_M --imatrix calibration.gguf -o out",
      "  phiquant calibrate --merge one.gguf --merge two.gguf -o both.gguf"
    })
final class CalibrateCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      arity = "0..1",
      description = "The model, in full precision.")
  private Path checkpoint;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "A text in UTF-8 like what the model is for, instead of the built-in one.")
  private List<Path> texts = List.of();

  @Option(
      names = "--self",
      description = "Add a text that the model writes itself; it is kept beside the matrix.")
  private boolean self;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "How many tokens of it. Default: all, up to 32768.")
  private int tokens;

  @Option(
      names = "--merge",
      paramLabel = "MATRIX",
      description = "Add up matrices of one model that were made before. Repeatable.")
  private List<Path> parts = List.of();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The matrix, as GGUF.")
  private Path output;

  @Option(names = "--threads", paramLabel = "N", description = "Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--overwrite", description = "Replace a file that exists.")
  private boolean overwrite;

  @Mixin private ModelOptions model;

  private Function<List<Pattern>, Passage> others;

  @Override
  public Integer call() {
    Threads.checked(threads);
    if (parts.isEmpty() == (checkpoint == null)) {
      throw UserError.usage("Name one checkpoint, or matrices to --merge.");
    }
    if (self && checkpoint == null) {
      throw UserError.usage("--self is for a checkpoint, which writes the text; --merge has none.");
    }
    if (parts.size() == 1) {
      throw UserError.usage("To --merge takes two matrices or more.");
    }
    Publication.check(output, overwrite);
    Importance made = parts.isEmpty() ? calibrate() : Merge.into(parts, output, overwrite);
    System.out.printf(
        Locale.ROOT,
        "%s: %d weights, %d sequences of %d tokens (%s)%n",
        output,
        made.entries().size(),
        made.chunks(),
        made.chunkSize(),
        String.join(", ", made.datasets()));
    return 0;
  }

  /** Who takes the text through the layers, if not this process; told what models are without. */
  void by(Function<List<Pattern>, Passage> others) {
    this.others = others;
  }

  private Importance calibrate() {
    try (Checkpoint opened = model.open(checkpoint)) {
      Calibrate calibrate = Calibrate.of(opened).self(self);
      if (self) {
        System.err.println(calibrate.selfCost());
      }
      boolean terminal = System.console() != null && System.console().isTerminal();
      calibrate
          .text(texts.isEmpty() ? CalibrationText.builtIn() : CalibrationText.of(texts))
          .tokens(tokens)
          .threads(threads)
          .overwrite(overwrite)
          .progress(terminal ? new CalibrationBar() : CalibrationProgress.NONE);
      if (others != null) {
        calibrate.by(others.apply(model.ignored()));
      }
      return calibrate.into(output);
    }
  }
}
