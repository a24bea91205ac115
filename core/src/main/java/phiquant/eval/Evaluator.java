package phiquant.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import phiquant.CacheFolder;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.Ignored;
import phiquant.checkpoint.StoredFormats;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.gguf.GgufFileName;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.Activations;
import phiquant.run.attention.LongRopeRule;
import phiquant.tokenizer.Tokenizer;

/**
 * Compares artifacts with the original that they were made from: runs every one on the same windows
 * of text with one engine; the {@link Examiner} does. The original runs with f32 activations and an
 * f32 cache.
 */
public final class Evaluator {
  /**
   * How to compare.
   *
   * @param windows how many
   * @param window tokens of each
   * @param activations with which artifacts run; with two, the first is what scores are called
   * @param ropeRule for all models
   * @param threads that compute
   * @param ignored tensors that are left out of every model, found anywhere in their names
   * @param cacheFolder where the original's predictions are kept
   * @param cacheLimit bytes that are kept there
   * @param progress is told how far it is
   */
  public record Options(
      int windows,
      int window,
      List<Activations> activations,
      LongRopeRule ropeRule,
      int threads,
      List<Pattern> ignored,
      Path cacheFolder,
      long cacheLimit,
      EvaluationProgress progress) {

    /** Both activations, all processors, 8 GB of cache. */
    public static Options of(int windows, int window) {
      return new Options(
          windows,
          window,
          List.of(Activations.INT8, Activations.F32),
          LongRopeRule.CHECKPOINT,
          Runtime.getRuntime().availableProcessors(),
          List.of(),
          CacheFolder.of("eval"),
          8_000_000_000L,
          EvaluationProgress.NONE);
    }

    /** Opens a model without what is left out. */
    private Checkpoint open(Path model) {
      return Ignored.without(Checkpoints.open(model), ignored);
    }
  }

  private final Options options;
  private final PhiModel original;
  private final Windows windows;
  private final Answers answers;
  private final EvaluationText text;
  private final Tokenizer tokenizer;

  private Evaluator(PhiModel original, Tokenizer tokenizer, EvaluationText text, Options options) {
    this.original = original;
    this.tokenizer = tokenizer;
    this.text = text;
    this.options = options;
    int limit = original.config().contextLength();
    if (options.window() > limit) {
      throw UserError.usage(
          "A window of " + options.window() + " tokens is over this model's limit, " + limit + ".");
    }
    this.windows =
        Windows.cut(text, tokenizer.encode(text.text()), options.windows(), options.window());
    this.answers = new Answers(original.checkpoint(), tokenizer, limit);
  }

  /**
   * Compares.
   *
   * @param original a checkpoint in full precision
   * @param artifacts made from it
   * @throws UserError if an artifact is damaged or of another model, or the text is too short
   */
  public static Evaluation evaluate(
      Path original, List<Path> artifacts, EvaluationText text, Options options) {
    return evaluate(original, artifacts, text, options, new AloneExaminer(options));
  }

  /** The same, with models that others run. */
  public static Evaluation evaluate(
      Path original,
      List<Path> artifacts,
      EvaluationText text,
      Options options,
      Examiner examiner) {
    try (Checkpoint checkpoint = options.open(original)) {
      PhiModel model = Family.model(checkpoint);
      Set<String> notices = new LinkedHashSet<>(model.notices());
      // What cannot be compared is refused before anything is run.
      for (Path artifact : artifacts) {
        try (Checkpoint other = options.open(artifact)) {
          PhiModel made = Family.model(other);
          SameModel.check(model, made);
          notices.addAll(made.notices());
          Engine.of(other).departure(made).ifPresent(notices::add);
        }
      }
      try (Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
        return new Evaluator(model, tokenizer, text, options)
            .evaluate(artifacts, examiner, notices);
      }
    }
  }

  private Evaluation evaluate(List<Path> artifacts, Examiner examiner, Set<String> notices) {
    Exam exam =
        new Exam(
            windows.tokens(),
            answers.interview(),
            options.activations(),
            options.ropeRule(),
            options.ignored());
    List<Examined> examined = examiner.examine(original, artifacts, exam);
    Examined first = examined.getFirst();
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < artifacts.size(); i++) {
      try (Checkpoint artifact = options.open(artifacts.get(i))) {
        results.add(result(Family.model(artifact), examined.get(i + 1), first));
      }
    }
    notices.addAll(examiner.notices());
    return new Evaluation(
        text.name(),
        windows.count(),
        windows.length(),
        names(options.activations()),
        options.ropeRule().name().toLowerCase(Locale.ROOT),
        examiner.threads(),
        Version.NUMBER,
        result(original, first, first),
        results,
        List.copyOf(notices));
  }

  private Result result(PhiModel model, Examined examined, Examined first) {
    Checkpoint checkpoint = model.checkpoint();
    Engine kind = Engine.of(checkpoint);
    StoredFormats stored = StoredFormats.of(checkpoint);
    boolean isOriginal = model == original;
    int exact = isOriginal ? 0 : options.activations().indexOf(Activations.F32);
    return new Result(
        name(checkpoint.path()),
        kind,
        ArtifactSize.of(checkpoint.path()),
        8.0 * stored.bytes() / original.parameters(),
        stored.shares(),
        examined.scores().getFirst(),
        exact < 0 ? null : examined.scores().get(exact),
        examined.costs(),
        examined.errors(),
        answers.compare(first.said(), examined.said()),
        warnings(kind, model),
        isOriginal ? null : Recreate.command(checkpoint, original.checkpoint()).orElse(null));
  }

  /** The file's or folder's name; a split model's is that of the whole. */
  static String name(Path artifact) {
    return GgufFileName.whole(CheckpointName.of(artifact));
  }

  private List<String> warnings(Engine kind, PhiModel model) {
    List<String> warnings = new ArrayList<>();
    RopeWarnings.of(kind, model.config()).ifPresent(warnings::add);
    if (model.checkpoint().calibratedOn().contains(text.name())) {
      warnings.add(
          "It was calibrated on a text of this name: on others it may have lost more than the"
              + " figures say.");
    }
    if (model != original && model.checkpoint().file("tokenizer.json").isPresent()) {
      try (Tokenizer own = Tokenizer.of(model.checkpoint())) {
        int at = Arrays.mismatch(tokenizer.encode(text.text()), own.encode(text.text()));
        if (at >= 0) {
          warnings.add(
              "Its own tokenizer cuts the text otherwise from token "
                  + at
                  + " on; it was given the original's tokens.");
        }
      }
    }
    return warnings;
  }

  private static String names(List<Activations> activations) {
    return String.join(
        ", ", activations.stream().map(one -> one.name().toLowerCase(Locale.ROOT)).toList());
  }
}
